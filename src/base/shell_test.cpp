#include "base/shell.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(ShellWord, QuotesWhatAShellWouldTakeApart) {
    EXPECT_EQ(shell_word("card.json#0000:0b:00.0,port=a"), "card.json#0000:0b:00.0,port=a");
    EXPECT_EQ(shell_word("my card.json#0b:00.0"), "'my card.json#0b:00.0'");
    EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_word("#1"), "'#1'");
    EXPECT_EQ(shell_word("0b:00.*"), "'0b:00.*'");
    EXPECT_EQ(shell_word(""), "''");
}

TEST(ShellWord, HasNoMeaningForTheShell) {
    EXPECT_EQ(shell_word("$(reboot)"), "'$(reboot)'");
    EXPECT_EQ(shell_word("a;b&c|d"), "'a;b&c|d'");
    EXPECT_EQ(shell_word("'; reboot; '"), "''\\''; reboot; '\\'''");
    EXPECT_EQ(shell_word("~root"), "'~root'");
}

}  // namespace
}  // namespace tenon
