#include "cli/terminal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/fd.hpp"

namespace tenon::cli {
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

TEST(WriteAll, WritesEverything) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd reader{ends[0]};
    const Fd writer{ends[1]};

    ASSERT_TRUE(write_all(writer.number(), "abc"));

    std::array<char, 8> buffer{};
    EXPECT_EQ(::read(reader.number(), buffer.data(), buffer.size()), 3);
}

TEST(WriteAll, TakesAReaderWhoHasGoneForDone) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    Fd reader{ends[0]};
    const Fd writer{ends[1]};
    reader.close();
    const auto before = std::signal(SIGPIPE, SIG_IGN);

    EXPECT_TRUE(write_all(writer.number(), "abc"));

    std::signal(SIGPIPE, before);
}

TEST(WriteAll, TellsAFullDisk) {
    const auto full = Fd::open("/dev/full", O_WRONLY).value();

    EXPECT_EQ(write_all(full.number(), "abc").error().os_error, ENOSPC);
}

}  // namespace
}  // namespace tenon::cli
