#include "pci/ownership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::pci {
namespace {

using support::ConfigBuilder;
using testing::IsEmpty;
using testing::SizeIs;

Ownership owners_of(const ConfigImage& image) {
    return find_owners(image, list_capabilities(image));
}

// AER of version 1 (0x2c bytes) at 0x100, a hidden 16 GT/s capability (x4: 0x24) at 0x140.
ConfigBuilder two_capabilities() {
    return ConfigBuilder{}
        .head(0x40)
        .express(0x40, 0)
        .extended(0x100, 0x01, 0x140)
        .extended(0x140, 0x26, 0);
}

TEST(Ownership, GivesEachByteOneOwner) {
    const auto ownership = owners_of(two_capabilities().put32(0x300, 1).image());

    EXPECT_EQ(ownership.bytes[0x3f].kind, OwnerKind::Header);
    EXPECT_EQ(ownership.bytes[0x40].kind, OwnerKind::Capability);
    EXPECT_EQ(ownership.bytes[0x73].kind, OwnerKind::Capability);
    EXPECT_EQ(ownership.bytes[0x74].kind, OwnerKind::Zero);
    EXPECT_EQ(ownership.bytes[0x12b].kind, OwnerKind::Capability);
    EXPECT_EQ(ownership.bytes[0x12c].kind, OwnerKind::Zero);
    EXPECT_EQ(ownership.bytes[0x163].kind, OwnerKind::HiddenCapability);
    EXPECT_EQ(ownership.bytes[0x164].kind, OwnerKind::Zero);
    EXPECT_EQ(ownership.bytes[0x300].kind, OwnerKind::NonZero);
    EXPECT_EQ(ownership.bytes[0x301].kind, OwnerKind::Zero);
}

TEST(Ownership, NamesOwners) {
    const auto ownership = owners_of(two_capabilities().image());

    EXPECT_EQ(ownership.name_of(0x00), "header");
    EXPECT_EQ(ownership.name_of(0x104), "Advanced Error Reporting");
    EXPECT_EQ(ownership.name_of(0x150), "Physical Layer 16.0 GT/s");
    EXPECT_EQ(ownership.name_of(0x800), "nobody, zero");
}

TEST(Ownership, DoesNotGuessWhatWasNotRead) {
    const auto ownership = owners_of(ConfigBuilder{256}.image());

    EXPECT_EQ(ownership.bytes[0xff].kind, OwnerKind::Zero);
    EXPECT_EQ(ownership.bytes[0x100].kind, OwnerKind::NotRead);
}

TEST(Ownership, KeepsTheRestOfACapabilitysLastDword) {
    // A vendor specific capability of 6 bytes.
    const auto ownership =
        owners_of(ConfigBuilder{}.head(0x50).standard(0x50, 0x09, 0).put8(0x52, 6).image());

    EXPECT_EQ(ownership.bytes[0x57].kind, OwnerKind::Capability);
    EXPECT_EQ(ownership.bytes[0x58].kind, OwnerKind::Zero);
}

TEST(Holes, AreTakenFromTheTop) {
    const auto image = two_capabilities().image();

    const auto holes = find_holes(owners_of(image), 8, 4);

    ASSERT_THAT(holes, SizeIs(2));
    EXPECT_EQ(holes[0].at, 0xff8);
    EXPECT_EQ(holes[0].range_at, 0x164);
    EXPECT_TRUE(holes[0].zero);
    EXPECT_TRUE(holes[0].guarded);
}

TEST(Holes, StayAwayFromRegistersWithoutAnOwner) {
    // Registers at 0xff8: the hole that is farthest from them is the best.
    const auto image = two_capabilities().put32(0xff8, 0x12345678).image();

    const auto holes = find_holes(owners_of(image), 8, 4);

    ASSERT_THAT(holes, SizeIs(2));
    EXPECT_TRUE(holes[0].zero);
    EXPECT_EQ(holes[0].at, 0x130);
    EXPECT_EQ(holes[0].distance, 0xff8 - 0x137);
}

TEST(Holes, PreferAPlaceWithGuards) {
    // Only [0x12c, 0x140) is free and zero: a guard on both sides leaves one place in it.
    auto config = two_capabilities();
    for (std::size_t at = 0x164; at < 0x1000; at += 4)
        config.put32(at, 0xffffffff);
    const auto image = config.image();

    const auto holes = find_holes(owners_of(image), 8, 4);

    EXPECT_EQ(holes[0].range_at, 0x12c);
    EXPECT_EQ(holes[0].at, 0x130);
    EXPECT_TRUE(holes[0].guarded);
}

TEST(Holes, FindNoneInAFullSpace) {
    auto config = ConfigBuilder{}.head(0x40).express(0x40, 0).extended(0x100, 0x7777, 0);
    const auto image = config.image();

    EXPECT_THAT(find_holes(owners_of(image), 8, 4), IsEmpty());
}

TEST(Holes, RespectTheAlignment) {
    const auto image = two_capabilities().image();

    const auto holes = find_holes(owners_of(image), 8, 256);

    ASSERT_THAT(holes, SizeIs(1));
    EXPECT_EQ(holes[0].at, 0xf00);
}

}  // namespace
}  // namespace tenon::pci
