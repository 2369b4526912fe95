#include "base/printable.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Printable, IsWhatItWasForWordsOfAnyLanguage) {
    for (const auto* const text :
         {"plain, with\ttabs\nand lines\n", "Grüße, 装置, 👍 – …", "back\\slash \"quoted\""})
        EXPECT_EQ(printable(text), text);
}

// A driver's name that clears the screen, sets the window's title, or answers for the keyboard.
TEST(Printable, ShowsControlCharacters) {
    EXPECT_EQ(printable("a\x1b[2Jb\x07\b\r"), "a\\u001b[2Jb\\u0007\\u0008\\u000d");
    EXPECT_EQ(printable(std::string_view{"\0\x7f", 2}), "\\u0000\\u007f");
}

// U+009B begins a sequence as ESC [ does; as one byte it is no UTF-8.
TEST(Printable, ShowsTheSecondSetOfControlCharacters) {
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J"),
              "\\u009b2J");
    EXPECT_EQ(printable("\x9b"
                        "2J"),
              "\\x9b2J");
}

TEST(Printable, ShowsWhatTurnsOrHidesTheTextAroundIt) {
    EXPECT_EQ(printable("nvme\u202egpj.txt"), "nvme\\u202egpj.txt");
    EXPECT_EQ(printable("\u2066\u200b\u061c\ufeff\u00ad\u2028"),
              "\\u2066\\u200b\\u061c\\ufeff\\u00ad\\u2028");
    EXPECT_EQ(printable("\U000e0041"), "\\udb40\\udc41");
}

// Overlong forms, a surrogate, too large, cut off: what a lenient terminal might still obey.
TEST(Printable, ShowsBytesThatAreNoUtf8) {
    EXPECT_EQ(printable("\xc0\x9b|\xe0\x80\x9b|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x80"),
              "\\xc0\\x9b|\\xe0\\x80\\x9b|\\xed\\xa0\\x80|\\xf4\\x90\\x80\\x80|\\xe2\\x80");
}

TEST(Printable, KeepsOurColoursWhereTheyAreOn) {
    const std::string_view painted = "\x1b[1;31mno\x1b[0m \x1b[41mnot ours";

    EXPECT_EQ(printable(painted, Colours::Kept), "\x1b[1;31mno\x1b[0m \\u001b[41mnot ours");
    EXPECT_EQ(printable(painted), "\\u001b[1;31mno\\u001b[0m \\u001b[41mnot ours");
}

TEST(Printable, IsOneLineWhereOneIsWanted) {
    EXPECT_EQ(printable_line("name\ntenon: forged"), "name\\u000atenon: forged");
}

}  // namespace
}  // namespace tenon
