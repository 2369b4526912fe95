#include "capture/text/block.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/text/header.hpp"

namespace tenon::capture::text {
namespace {

using testing::HasSubstr;

Row row(const std::string& text) { return as_row(text).value(); }

// The first 16 bytes of a header with a capability list.
constexpr auto first_bytes = "86 80 53 09 06 04 10 00 01 02 08 01 10 00 00 00";
constexpr auto zeros = "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";

TEST(Block, TakesRowsThatGoOn) {
    Block block;
    EXPECT_TRUE(block.goes_on(row(fmt::format("00: {}", first_bytes))));
    EXPECT_FALSE(block.goes_on(row(fmt::format("10: {}", zeros))));
    ASSERT_TRUE(block.add(row(fmt::format("00: {}", first_bytes))));
    EXPECT_EQ(block.size(), 16u);
    EXPECT_TRUE(block.goes_on(row(fmt::format("10: {}", zeros))));
    EXPECT_FALSE(block.goes_on(row(fmt::format("00: {}", zeros))));
    EXPECT_FALSE(block.goes_on(row(fmt::format("20: {}", zeros))));
}

TEST(Block, IsCompleteWhereAProgramEnds) {
    Block block;
    for (unsigned at = 0; at < 0x50; at += 0x10) {
        EXPECT_EQ(block.complete(), at == 0x40) << at;
        ASSERT_TRUE(block.add(row(fmt::format("{:02x}: {}", at, zeros))));
    }
}

TEST(Block, SaysWhatARowLacks) {
    Block block;
    ASSERT_TRUE(block.add(row(fmt::format("00: {}", first_bytes))));
    EXPECT_EQ(block.incomplete(row(fmt::format("10: {}", zeros))), "");
    EXPECT_THAT(block.incomplete(row("10: 00 00 00")), HasSubstr("offset 0x10 has 3 bytes"));
    EXPECT_THAT(block.incomplete(row("10: 00 00 zz 00 00")),
                HasSubstr("byte 3 of the row of offset 0x10"));
}

TEST(Block, KnowsTheFormOfItsRows) {
    Block block;
    ASSERT_TRUE(block.add(row("0000000 8086 0953 0406 0010 0201 0108 0010 0000")));
    EXPECT_TRUE(block.same_form(row("0000010 0000 0000 0000 0000 0000 0000 0000 0000")));
    EXPECT_FALSE(block.same_form(row(fmt::format("0000010 {}", zeros))));
}

TEST(Block, RepeatsTheRowBeforeAStar) {
    Block block;
    EXPECT_FALSE(block.add_star());
    ASSERT_TRUE(block.add(row(fmt::format("00000000  {}", first_bytes))));
    ASSERT_TRUE(block.add(row(fmt::format("00000010  {}", zeros))));
    EXPECT_TRUE(block.add_star());
    EXPECT_FALSE(block.add_star());
    EXPECT_TRUE(block.add_end("00000040"));
    EXPECT_EQ(block.size(), 0x40u);
    EXPECT_EQ(block.image()->read32(0), 0x09538086u);
    EXPECT_EQ(block.image()->read32(0x3c), 0u);
}

TEST(Block, HasNoStarBehindShortOffsets) {
    Block block;
    ASSERT_TRUE(block.add(row(fmt::format("00: {}", first_bytes))));
    EXPECT_FALSE(block.add_star());
    EXPECT_FALSE(block.add_end("0010"));
}

// A header in the order of memory.
std::vector<std::byte> header_bytes() {
    std::vector<std::byte> bytes(64);
    for (const auto& [at, value] : {std::pair{0, 0x86},
                                    {1, 0x80},
                                    {2, 0x53},
                                    {3, 0x09},
                                    {6, 0x10},
                                    {10, 0x08},
                                    {11, 0x01},
                                    {0x34, 0x40}})
        bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
    return bytes;
}

TEST(Block, TurnsWordsThatAreTheOtherWayRound) {
    const auto bytes = header_bytes();
    EXPECT_EQ(image_of(bytes, 4)->read16(0), 0x8086);
    EXPECT_EQ(image_of(reversed_groups(bytes, 4), 4)->read16(0), 0x8086);
    EXPECT_EQ(image_of(reversed_groups(bytes, 2), 2)->read16(0), 0x8086);
    const std::vector<std::byte> nothing(64);
    EXPECT_THAT(image_of(nothing, 2).error().what, HasSubstr("order of the bytes in words of 4"));
}

TEST(Header, IsThatOfAFunctionThatAnswers) {
    const auto good = header_bytes();
    EXPECT_TRUE(may_be_header(good));
    EXPECT_TRUE(is_surely_header(good));
    EXPECT_FALSE(may_be_header(std::span{good}.first(63)));
    const auto with = [&](std::size_t at, int value) {
        auto bytes = good;
        bytes[at] = static_cast<std::byte>(value);
        return bytes;
    };
    EXPECT_FALSE(may_be_header(with(5, 0x80)));     // A reserved bit of Command,
    EXPECT_FALSE(may_be_header(with(6, 0x12)));     // of Status,
    EXPECT_FALSE(may_be_header(with(11, 0x20)));    // a class that is none,
    EXPECT_FALSE(may_be_header(with(14, 0x03)));    // a layout that is none,
    EXPECT_FALSE(may_be_header(with(0x34, 0x3c)));  // a list inside the header.
    EXPECT_TRUE(may_be_header(with(6, 0)));
    EXPECT_FALSE(is_surely_header(with(6, 0)));
    auto nobody = with(0, 0xff);
    nobody[1] = std::byte{0xff};
    EXPECT_FALSE(may_be_header(nobody));
}

TEST(Header, TurnsGroupsAndLeavesARest) {
    const std::vector<std::byte> bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                       std::byte{5}};
    EXPECT_EQ(reversed_groups(bytes, 2),
              (std::vector<std::byte>{std::byte{2}, std::byte{1}, std::byte{4}, std::byte{3},
                                      std::byte{5}}));
}

}  // namespace
}  // namespace tenon::capture::text
