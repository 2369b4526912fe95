#include "managed/said/value.hpp"

#include <gtest/gtest.h>

namespace tenon::managed::said {
namespace {

TEST(ParseNumber, ReadsTheThreeBasesOfQemu) {
    EXPECT_EQ(parse_number("16"), 16u);
    EXPECT_EQ(parse_number("0x1f"), 0x1fu);
    EXPECT_EQ(parse_number("010"), 8u);
    EXPECT_EQ(parse_number("0"), 0u);
    EXPECT_EQ(parse_number("1g"), std::nullopt);
    EXPECT_EQ(parse_number(""), std::nullopt);
    EXPECT_EQ(parse_number("18446744073709551616"), std::nullopt);
}

TEST(ParseFlag, KnowsEveryWordForYesAndNo) {
    for (const auto* const word : {"on", "yes", "true", "y"})
        EXPECT_EQ(parse_flag(word), true) << word;
    for (const auto* const word : {"off", "no", "false", "n"})
        EXPECT_EQ(parse_flag(word), false) << word;
    EXPECT_EQ(parse_flag("auto"), std::nullopt);
}

TEST(ParseSize, HasUnits) {
    EXPECT_EQ(parse_size("512", 1u << 20), 512ull << 20);
    EXPECT_EQ(parse_size("4G", 1u << 20), 4ull << 30);
    EXPECT_EQ(parse_size("4194304k", 1u << 20), 4ull << 30);
    EXPECT_EQ(parse_size("2t", 1), 2ull << 40);
    EXPECT_EQ(parse_size("17179869184G", 1), std::nullopt);
    EXPECT_EQ(parse_size("G", 1), std::nullopt);
}

TEST(ParseHostAddress, TakesShortDigits) {
    EXPECT_EQ(parse_host_address("1:2.3"), (pci::Address{.bus = 1, .device = 2, .function = 3}));
    EXPECT_EQ(parse_host_address("0000:65:00.0"), (pci::Address{.bus = 0x65}));
    EXPECT_EQ(parse_host_address("10000:01:1f.7"),
              (pci::Address{.domain = 0x10000, .bus = 1, .device = 0x1f, .function = 7}));
}

TEST(ParseHostAddress, RefusesWhatQemuRefuses) {
    for (const auto* const text :
         {"65:00", "65:00.8", "65:20.0", "100:00.0", "$GPU", "", "a.b", "0:0:0:0.0", "65:00.0.0"})
        EXPECT_EQ(parse_host_address(text), std::nullopt) << text;
}

TEST(Properties, LetTheLastOfANameCount) {
    Properties properties;
    properties.add("a", {.text = "1"});
    properties.add("a", {.text = "2"});

    EXPECT_EQ(properties.text("a"), "2");
    EXPECT_EQ(properties.text("b"), "");
    EXPECT_EQ(properties.find("b"), nullptr);
}

TEST(Place, IsALineOrAWord) {
    EXPECT_EQ(to_string(Place{.file = "vm.sh", .line = 4, .word = 9}), "vm.sh:4");
    EXPECT_EQ(to_string(Place{.file = "command line", .word = 7}), "command line, word 7");
    EXPECT_EQ(to_string(Place{.file = "vm.sh"}), "vm.sh");
}

}  // namespace
}  // namespace tenon::managed::said
