#include "cli/text/terminal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::cli::text {
namespace {

using testing::ElementsAre;

TEST(Wrap, BreaksAtSpaces) {
    EXPECT_THAT(wrap("one two three", 7), ElementsAre("one two", "three"));
    EXPECT_THAT(wrap("one two three", 6), ElementsAre("one", "two", "three"));
}

TEST(Wrap, LetsALongWordStick) {
    EXPECT_THAT(wrap("a incomprehensible b", 5), ElementsAre("a", "incomprehensible", "b"));
    EXPECT_THAT(wrap("ab", 0), ElementsAre("ab"));
}

TEST(Wrap, HasALineForAnEmptyText) { EXPECT_THAT(wrap("", 10), ElementsAre("")); }

TEST(Columns, AreCharactersNotBytes) {
    EXPECT_EQ(columns("abc"), 3u);
    EXPECT_EQ(columns("\xe2\x80\xa6"), 1u);  // U+2026 in UTF-8
}

TEST(Paint, IsForColourOnly) {
    EXPECT_EQ((TextStyle{.colour = true}.paint(Tone::Good, "yes")), "\x1b[32myes\x1b[0m");
    EXPECT_EQ((TextStyle{.colour = true}.paint(Tone::Plain, "yes")), "yes");
    EXPECT_EQ((TextStyle{.colour = false}.paint(Tone::Good, "yes")), "yes");
}

}  // namespace
}  // namespace tenon::cli::text
