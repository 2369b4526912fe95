#include "capture/decoded_bars.hpp"

#include <gtest/gtest.h>

#include "pci/header.hpp"

namespace tenon::capture {
namespace {

using device::resource_64bit;
using device::resource_io;
using device::resource_memory;
using device::resource_prefetch;

TEST(DecodedBar, ReadsNumberAddressKindAndSize) {
    EXPECT_EQ(parse_decoded_bar("Region 2: Memory at fc720000 (64-bit, prefetchable) [size=16K]"),
              (DecodedBar{.index = 2,
                          .address = 0xfc720000,
                          .flags = resource_memory | resource_64bit | resource_prefetch,
                          .size = 16384}));
    EXPECT_EQ(parse_decoded_bar("Region 4: I/O ports at e000 [size=32]"),
              (DecodedBar{.index = 4, .address = 0xe000, .flags = resource_io, .size = 32}));
}

TEST(DecodedBar, DoesNotTakeNonPrefetchableForPrefetchable) {
    EXPECT_EQ(parse_decoded_bar("Memory at fc720000 (32-bit, non-prefetchable) [size=128K]"),
              (DecodedBar{.address = 0xfc720000, .flags = resource_memory, .size = 131072}));
}

TEST(DecodedBar, ReadsLinesWithoutAddressOrSize) {
    EXPECT_EQ(parse_decoded_bar("Region 0: Memory at <ignored> (64-bit, prefetchable)"),
              (DecodedBar{.index = 0,
                          .address = std::nullopt,
                          .flags = resource_memory | resource_64bit | resource_prefetch,
                          .size = 0}));
    EXPECT_EQ(parse_decoded_bar("Expansion ROM at <ignored> [disabled]"),
              (DecodedBar{.address = std::nullopt, .flags = 0, .size = 0}));
}

TEST(DecodedBar, IgnoresASizeThatNoBarHas) {
    EXPECT_EQ(parse_decoded_bar("Region 0: I/O ports at e000 [size=33]")->size, 0u);
    EXPECT_EQ(parse_decoded_bar("Region 0: I/O ports at e000 [size=99999999999T]")->size, 0u);
    EXPECT_EQ(parse_decoded_bar("Region 0: I/O ports at e000 [size=")->size, 0u);
}

TEST(DecodedBar, IgnoresOtherLines) {
    EXPECT_FALSE(parse_decoded_bar("Memory behind bridge: fc000000-fc0fffff [size=1M]"));
    EXPECT_FALSE(parse_decoded_bar("Region 6: Memory at fc720000 [size=4K]"));
    EXPECT_FALSE(parse_decoded_bar("Region x"));
    EXPECT_FALSE(parse_decoded_bar("Kernel driver in use: nvme"));
    EXPECT_FALSE(parse_decoded_bar(""));
}

// BAR 0: 64-bit at 0xfc900000, BAR 2: I/O at 0xe000.
pci::ConfigImage image() {
    pci::ConfigImage config{256};
    config.write<std::uint32_t>(0x10, 0xfc900004);
    config.write<std::uint32_t>(0x18, 0xe001);
    return config;
}

TEST(ResourcesOf, KnowsThemIfEveryBarHasItsLine) {
    const auto resources =
        resources_of({{.index = 0, .flags = resource_memory | resource_64bit, .size = 16384},
                      {.index = 2, .flags = resource_io, .size = 32},
                      {.flags = 0, .size = 65536}},
                     image());

    ASSERT_TRUE(resources);
    EXPECT_EQ((*resources)[0].size, 16384u);
    EXPECT_EQ((*resources)[0].flags, resource_memory | resource_64bit);
    EXPECT_EQ((*resources)[1].size, 0u);
    EXPECT_EQ((*resources)[2].size, 32u);
    EXPECT_EQ((*resources)[device::rom_region].size, 65536u);
}

TEST(ResourcesOf, FindsTheBarOfAnUnnumberedLineByItsAddress) {
    const auto resources =
        resources_of({{.address = 0xe000, .flags = resource_io, .size = 32},
                      {.address = 0xfc900000, .flags = resource_memory, .size = 16384}},
                     image());

    ASSERT_TRUE(resources);
    EXPECT_EQ((*resources)[0].size, 16384u);
    EXPECT_EQ((*resources)[2].size, 32u);
}

TEST(ResourcesOf, AreUnknownWithTheReasonOtherwise) {
    const DecodedBar memory{.index = 0, .flags = resource_memory, .size = 16384};

    EXPECT_EQ(resources_of({}, image()).why(), "a dump of bytes does not tell them");
    EXPECT_EQ(resources_of({memory}, image()).why(),
              "the text beside the dump says nothing of BAR 2");
    EXPECT_EQ(resources_of({memory, {.index = 2, .flags = resource_io}}, image()).why(),
              "the text beside the dump has no size of BAR 2");
    EXPECT_EQ(resources_of({{.flags = 0, .size = 0}}, image()).why(),
              "the text beside the dump has no size of the option ROM");
    EXPECT_EQ(resources_of({{.address = 0xd000, .flags = resource_io, .size = 32}}, image()).why(),
              "a line beside the dump is about a BAR that it does not have");
}

TEST(ResourcesOf, AreNotReadForABridge) {
    auto bridge = image();
    bridge.write<std::uint8_t>(pci::header::header_type, 0x01);

    EXPECT_EQ(resources_of({{.index = 0, .flags = resource_memory, .size = 4096}}, bridge).why(),
              "not read for a bridge");
}

}  // namespace
}  // namespace tenon::capture
