#include "capture/text/decoded_bars.hpp"

#include <gtest/gtest.h>

#include "device/untold_bars.hpp"
#include "pci/header.hpp"

namespace tenon::capture::text {
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
    EXPECT_EQ(parse_decoded_bar("Region 4: I/O ports at <unassigned> [disabled] [size=32]"),
              (DecodedBar{.index = 4, .address = std::nullopt, .flags = resource_io, .size = 32}));
}

TEST(DecodedBar, ReadsWhatIsNotInTheRegisters) {
    EXPECT_EQ(parse_decoded_bar("[virtual] Expansion ROM at 000c0000 [disabled] [size=128K]"),
              (DecodedBar{.address = 0xc0000, .flags = 0, .size = 131072}));
    EXPECT_EQ(
        parse_decoded_bar("Region 0: [virtual] Memory at c0000000 (32-bit) [size=4K]"),
        (DecodedBar{.index = 0, .address = 0xc0000000, .flags = resource_memory, .size = 4096}));
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
    EXPECT_EQ(resources_of({}, image()).why(), "a dump of bytes does not tell them");
    EXPECT_EQ(resources_of({{.flags = 0, .size = 0}}, image()).why(),
              "the text beside the dump says nothing of BAR 0");
    EXPECT_EQ(resources_of({{.flags = 0, .size = 0}}, pci::ConfigImage{256}).why(),
              "the text beside the dump has no size of the option ROM");
    EXPECT_EQ(
        resources_of({{.address = 0xd000, .flags = resource_io, .size = 32}}, pci::ConfigImage{256})
            .why(),
        "a line beside the dump is about a BAR that it does not have");
}

TEST(ResourcesOf, AreKnownEachForItself) {
    const DecodedBar memory{.index = 0, .flags = resource_memory, .size = 16384};
    const DecodedBar without_size{.index = 2, .flags = resource_io};
    const DecodedBar of_nobody{.address = 0xd000, .flags = resource_io, .size = 32};

    for (const auto& lines : {std::vector{memory}, std::vector{memory, of_nobody}}) {
        const auto resources = resources_of(lines, image());
        ASSERT_TRUE(resources) << resources.why();
        EXPECT_EQ((*resources)[0].size, 16384u);
        EXPECT_EQ((*resources)[2], device::untold_bar);
    }
    EXPECT_EQ((*resources_of({memory, without_size}, image()))[2], device::untold_bar);
}

TEST(ResourcesOf, BelieveNoneOfTwoSizes) {
    const DecodedBar memory{.index = 0, .flags = resource_memory, .size = 16384};
    const DecodedBar larger{.index = 0, .flags = resource_memory, .size = 32768};
    const DecodedBar io{.index = 2, .flags = resource_io, .size = 32};

    EXPECT_EQ((*resources_of({memory, larger, io}, image()))[0], device::untold_bar);
    EXPECT_EQ((*resources_of({memory, memory, io}, image()))[0].size, 16384u);
}

TEST(ResourcesOf, DoNotTakeALineForARegisterOfAnotherKind) {
    const DecodedBar io{.index = 0, .flags = resource_io, .size = 32};
    const DecodedBar upper_half{.index = 1, .flags = resource_memory, .size = 4096};

    EXPECT_FALSE(resources_of({io}, image()));
    EXPECT_FALSE(resources_of({upper_half}, image()));
}

TEST(ResourcesOf, HaveBarsWithoutAnAddressInTheirRegister) {
    const DecodedBar hidden{.index = 4, .flags = resource_memory, .size = 4096};

    EXPECT_EQ((*resources_of({hidden}, image()))[4].size, 4096u);
}

TEST(DecodedBarsOfElsewhere, AreOfTheFunctionWithTheirAddresses) {
    const DecodedBar memory{.address = 0xfc900000, .flags = resource_memory, .size = 16384};
    const DecodedBar other{.address = 0xfc800000, .flags = resource_memory, .size = 16384};
    const DecodedBar nowhere{.index = 2, .flags = resource_io, .size = 32};

    EXPECT_TRUE(are_of_same_function({memory, nowhere}, image()));
    EXPECT_FALSE(are_of_same_function({memory, other}, image()));
    EXPECT_FALSE(are_of_same_function({nowhere}, image()));
    EXPECT_FALSE(are_of_same_function({}, image()));
}

TEST(ResourcesOf, AreNotReadForABridge) {
    auto bridge = image();
    bridge.write<std::uint8_t>(pci::header::header_type, 0x01);

    EXPECT_EQ(resources_of({{.index = 0, .flags = resource_memory, .size = 4096}}, bridge).why(),
              "not read for a bridge");
}

}  // namespace
}  // namespace tenon::capture::text
