#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon {
namespace {

using testing::ElementsAre;

TEST(Text, IsTrimmedAtBothEnds) {
    EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
    EXPECT_EQ(trimmed(" \n"), "");
}

TEST(Text, SplitKeepsEmptyParts) {
    EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
    EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(ParseNumber, TakesDecimalAndHexWhole) {
    EXPECT_EQ(parse_number("42"), 42u);
    EXPECT_EQ(parse_number("0xfe"), 254u);
    EXPECT_EQ(parse_number("42x"), std::nullopt);
    EXPECT_EQ(parse_number("0x"), std::nullopt);
    EXPECT_EQ(parse_number("-1"), std::nullopt);
    EXPECT_EQ(parse_number("18446744073709551616"), std::nullopt);
}

TEST(ParseSize, TakesBytesAndUnits) {
    EXPECT_EQ(parse_size("512").value(), 512u);
    EXPECT_EQ(parse_size("256M").value(), 268435456u);
    EXPECT_EQ(parse_size("4g").value(), 4294967296u);
}

TEST(ParseSize, QuotesWhatIsWrong) {
    EXPECT_EQ(parse_size("4 G").error().what,
              "\"4 G\" is not a size: write bytes, or a number with K, M, G or T");
    EXPECT_FALSE(parse_size(""));
    EXPECT_FALSE(parse_size("M"));
    EXPECT_EQ(parse_size("99999999999T").error().what,
              "size \"99999999999T\" is larger than 64 bits hold");
}

TEST(FormatSize, IsExact) {
    EXPECT_EQ(format_size(16384), "16 KiB");
    EXPECT_EQ(format_size(0x180000000ull), "6 GiB");
    EXPECT_EQ(format_size(20), "20 bytes");
    EXPECT_EQ(format_size(0), "0 bytes");
}

}  // namespace
}  // namespace tenon
