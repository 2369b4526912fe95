#include "pci/virtualization.hpp"

#include <gtest/gtest.h>

namespace tenon::pci {
namespace {

// An SR-IOV capability at 0x160: 8 virtual functions, the first 16 after it, each 2 further.
ConfigImage physical() {
    ConfigImage image{express_size};
    image.write<std::uint32_t>(0x00, 0x15728086);
    image.write<std::uint16_t>(0x06, 0x0010);
    image.write<std::uint8_t>(0x34, 0x40);
    image.write<std::uint32_t>(0x40, 0x00020010);
    image.write<std::uint32_t>(0x100, 0x16010001);  // AER, next at 0x160.
    image.write<std::uint32_t>(0x160, 0x00010010);
    image.write<std::uint16_t>(0x16e, 8);
    image.write<std::uint16_t>(0x174, 16);
    image.write<std::uint16_t>(0x176, 2);
    return image;
}

constexpr Address place{.bus = 0xb1};

bool has(const Address& address) { return has_virtual_function(physical(), 0x160, place, address); }

TEST(Virtualization, IsFoundWhereAllOfItWasRead) {
    EXPECT_EQ(find_virtualization(physical()), 0x160u);
    const auto image = physical();
    const auto short_image = ConfigImage::from_bytes(image.bytes().first(0x180)).value();
    EXPECT_FALSE(find_virtualization(short_image));
    EXPECT_FALSE(find_virtualization(ConfigImage{express_size}));
}

TEST(Virtualization, CountsFromOffsetByStride) {
    EXPECT_TRUE(has({.bus = 0xb1, .device = 2, .function = 0}));
    EXPECT_TRUE(has({.bus = 0xb1, .device = 2, .function = 2}));
    EXPECT_TRUE(has({.bus = 0xb1, .device = 3, .function = 6}));
    EXPECT_FALSE(has({.bus = 0xb1, .device = 2, .function = 1}));
    EXPECT_FALSE(has({.bus = 0xb1, .device = 4, .function = 0}));
    EXPECT_FALSE(has({.bus = 0xb1, .device = 1, .function = 6}));
    EXPECT_FALSE(has({.domain = 1, .bus = 0xb1, .device = 2}));
    EXPECT_FALSE(has(place));
}

TEST(Virtualization, ReachesTheNextBus) {
    auto image = physical();
    image.write<std::uint16_t>(0x174, 0x100);

    EXPECT_TRUE(has_virtual_function(image, 0x160, place, {.bus = 0xb2}));
}

TEST(Virtualization, WithoutAStrideHasTheFirstAlone) {
    auto image = physical();
    image.write<std::uint16_t>(0x176, 0);

    EXPECT_TRUE(has_virtual_function(image, 0x160, place, {.bus = 0xb1, .device = 2}));
    EXPECT_FALSE(
        has_virtual_function(image, 0x160, place, {.bus = 0xb1, .device = 2, .function = 2}));
}

TEST(LooksVirtual, TellsItFromADeadDevice) {
    ConfigImage virtual_function{conventional_size};
    virtual_function.write<std::uint32_t>(0x00, 0xffffffff);
    virtual_function.write<std::uint32_t>(0x08, 0x12000000);
    ConfigImage dead{conventional_size};
    for (std::size_t at = 0; at < conventional_size; at += 4)
        dead.write<std::uint32_t>(at, 0xffffffff);

    EXPECT_TRUE(looks_virtual(virtual_function));
    EXPECT_FALSE(looks_virtual(dead));
    EXPECT_FALSE(looks_virtual(physical()));
}

}  // namespace
}  // namespace tenon::pci
