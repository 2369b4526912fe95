#include "library/words/toml_depth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tenon::library::words {
namespace {

std::string times(std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t n = 0; n < count; ++n)
        all += text;
    return all;
}

TEST(TomlDepth, IsThatOfKeysWithDots) {
    EXPECT_EQ(find_too_deep(times(31, "a.") + "a = 1"), std::nullopt);
    EXPECT_EQ(find_too_deep("x = 1\n" + times(32, "a.") + "a = 1"), 2u);
    EXPECT_EQ(find_too_deep("[" + times(32, "'a' . ") + "a]"), 1u);
    EXPECT_EQ(find_too_deep("x = { " + times(32, "a.") + "a = 1 }"), 1u);
}

TEST(TomlDepth, IsThatOfBrackets) {
    EXPECT_EQ(find_too_deep("x = " + times(32, "[") + times(32, "]")), std::nullopt);
    EXPECT_EQ(find_too_deep("x = " + times(33, "[")), 1u);
    EXPECT_EQ(find_too_deep("x = " + times(33, "{a = ")), 1u);
    EXPECT_EQ(find_too_deep(times(100, "[a]\n")), std::nullopt);
}

TEST(TomlDepth, IsNoneOfTextsAndComments) {
    const auto deep = times(100, "a.[{");
    for (const auto& text :
         {"# " + deep + "\n", "x = \"" + deep + "\\\"" + deep + "\"", "x = '" + deep + "\\'",
          "x = \"\"\"\n" + deep + "\"\" \\\"\"\" " + deep + "\"\"\"\"\"",
          "x = '''\n" + deep + "'' " + deep + "'''''", std::string{"x = ['', \"\", 'a']"}})
        EXPECT_EQ(find_too_deep(text), std::nullopt) << text;
}

// Each ends a text where a parser ends it as well, so that nothing hides behind.
TEST(TomlDepth, IsSeenBehindEveryKindOfText) {
    const auto deep = times(100, "a.");
    for (const auto* const before :
         {"x = \"\\\\\"\n", "x = ''\n", "x = \"\"\n", "x = '\\'\n", "x = \"\"\"\"\"\"\n",
          "x = ''''''\n", "x = \"\"\"a\"\"\"\"\"\n", "x = '''a'''''\n", "# \"\n", "# '''\n",
          "x = \"\"\"\\\"\"\"\"\n", "\"a\\\"\".'b'.\"\" = 1\n", "x = \"cut off\n"})
        EXPECT_NE(find_too_deep(before + deep), std::nullopt) << before;
}

}  // namespace
}  // namespace tenon::library::words
