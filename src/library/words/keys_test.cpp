#include "library/words/keys.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tenon::library::words {
namespace {

constexpr std::array known{KeyWords{.name = "id", .value = "NAME", .what = {}},
                           KeyWords{.name = "port", .value = "NAME", .what = {}}};

std::string wrong_keys(std::string_view text) {
    const auto keys = parse_keys(text, "dev", known);
    return keys ? "no error" : keys.error().what;
}

TEST(ParseKeys, KeepsTheirOrder) {
    const auto keys = parse_keys("port=a,id=b=c", "dev", known).value();

    ASSERT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys[0].key, "port");
    EXPECT_EQ(keys[0].value, "a");
    EXPECT_EQ(keys[1].value, "b=c");
}

TEST(ParseKeys, NamesWhatIsWrong) {
    EXPECT_EQ(wrong_keys("ats=on"), "dev: unknown key \"ats\"; known: id, port");
    EXPECT_EQ(wrong_keys("id"), "dev: \"id\" is not key=value");
    EXPECT_EQ(wrong_keys("id=a,"), "dev: \"\" is not key=value");
    EXPECT_EQ(wrong_keys("id="), "dev: id= has no value");
    EXPECT_EQ(wrong_keys("id=a,port=b,id=a"), "dev: id= is given twice");
}

TEST(ParseKeys, SaysIfThereAreNone) {
    EXPECT_EQ(parse_keys("x=1", "port a", {}).error().what,
              "port a: unknown key \"x\"; it has none");
}

TEST(SwitchedOn, CompletesKeysThatAreOnOrOff) {
    constexpr std::array switches{KeyWords{.name = "readonly", .value = "on|off", .what = {}},
                                  KeyWords{.name = "id", .value = "NAME", .what = {}}};

    EXPECT_EQ(switched_on("id,readonly,id=a", switches), "id,readonly=on,id=a");
    EXPECT_EQ(switched_on(",readonly,", switches), ",readonly=on,");
    EXPECT_EQ(switched_on("readonly=off", switches), "readonly=off");
    EXPECT_EQ(switched_on("", switches), "");
}

TEST(CheckArgument, BoundsWhatIsReadAfterIt) {
    EXPECT_TRUE(check_argument(std::string(8192, 'x'), "device"));
    EXPECT_EQ(check_argument(std::string(8193, 'x'), "device").error().what,
              "a device: longer than 8192 bytes");
    EXPECT_TRUE(check_argument(std::string(63, ','), "port"));
    EXPECT_EQ(check_argument(std::string(64, ','), "port").error().what,
              "a port: longer than 64 parts between commas");
    EXPECT_EQ(check_argument(std::string_view{"a\0b", 3}, "device").error().what,
              "a device: a zero byte cannot be in it");
}

TEST(CheckName, IsNotLong) {
    EXPECT_TRUE(check_name(std::string(128, 'x'), "id"));
    EXPECT_EQ(check_name(std::string(129, 'x'), "id").error().what,
              "id: a name longer than 128 bytes");
}

TEST(CheckName, TakesLettersDigitsAndThreeMarks) {
    EXPECT_TRUE(check_name("GPU-0_a.b", "id"));
    EXPECT_FALSE(check_name("", "id"));
    EXPECT_FALSE(check_name("a b", "id"));
    EXPECT_FALSE(check_name("a/b", "id"));
    EXPECT_EQ(check_name("\xc3\xa4", "id").error().what,
              "id \"\xc3\xa4\": a name has letters, digits, \"_\", \"-\" and \".\"");
}

}  // namespace
}  // namespace tenon::library::words
