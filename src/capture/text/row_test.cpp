#include "capture/text/row.hpp"

#include <gtest/gtest.h>

namespace tenon::capture::text {
namespace {

TEST(Row, IsAnOffsetAndGroups) {
    const auto lspci = as_row("10: 86 80 53 09 <-- x").value();
    EXPECT_EQ(lspci.offset, "10");
    EXPECT_TRUE(lspci.colon);
    EXPECT_EQ(lspci.width, 1u);
    EXPECT_EQ(lspci.count, 4u);
    EXPECT_EQ(lspci.bytes[2], std::byte{0x53});
    EXPECT_EQ(lspci.behind, "<-- x");

    const auto words = as_row("0000010 144d a808  0406").value();
    EXPECT_FALSE(words.colon);
    EXPECT_EQ(words.width, 2u);
    EXPECT_EQ(words.count, 6u);
    EXPECT_EQ(words.gaps, 4u);
    EXPECT_EQ(words.bytes[0], std::byte{0x14});
}

TEST(Row, HasAnOffsetOfEveryLength) {
    for (const auto* const row : {"00: 86", "100: 86", "0000: 86", "00000000: 86", "0x00: 86",
                                  "0X100: 86", "0000 86", "000000 86", "00000000  86"})
        EXPECT_TRUE(as_row(row)) << row;
    for (const auto* const row : {"0: 86", "000000000: 86", "00 86", "000 86", "0x0000 86",
                                  "0000 1234", "00:86", "00:", "00: ", "00: 8", "00: 863",
                                  "00: 86:", "00: -- 86", "", "zz: 86", "16:        28x"})
        EXPECT_FALSE(as_row(row)) << row;
}

TEST(Row, EndsWhereItIsTooLong) {
    std::string text = "00:";
    for (unsigned n = 0; n < 100; ++n)
        text += " 00";
    EXPECT_EQ(as_row(text)->count, most_row_bytes + 1);

    EXPECT_EQ(as_row("00: 0000000000000000 0000000000000000 0000000000000000 0000000000000000 "
                     "0000000000000000 0000000000000000")
                  ->count,
              most_row_bytes + 8);
}

TEST(Row, MayBeAnOffsetAlone) {
    EXPECT_TRUE(is_end("0001000"));
    EXPECT_TRUE(is_end("00001000"));
    EXPECT_FALSE(is_end("100"));
    EXPECT_FALSE(is_end("000001000"));
    EXPECT_FALSE(is_end("0001000 "));
}

TEST(PlainHex, IsALineOfDigits) {
    EXPECT_EQ(as_plain_hex("4d1408a806041000")->digits, 16u);
    EXPECT_EQ(as_plain_hex("4d 14 08 a8")->digits, 8u);
    EXPECT_EQ(as_plain_hex("a808144d 00100406")->width, 4u);
    EXPECT_FALSE(as_plain_hex("4d1408a80604100"));
    EXPECT_FALSE(as_plain_hex("deadbeef"));
    EXPECT_FALSE(as_plain_hex("4d 14 08a8"));
    EXPECT_FALSE(as_plain_hex("4d 14 x"));
    EXPECT_FALSE(as_plain_hex(""));
}

TEST(Offset, HasARadix) {
    EXPECT_EQ(offset_value("0000020", 8), 16u);
    EXPECT_EQ(offset_value("0000016", 10), 16u);
    EXPECT_EQ(offset_value("00001000", 16), 4096u);
    EXPECT_FALSE(offset_value("00001001", 16));
    EXPECT_FALSE(offset_value("0000008", 8));
    EXPECT_FALSE(offset_value("ffffffff", 16));
}

}  // namespace
}  // namespace tenon::capture::text
