#include "model/function/pasid_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;

constexpr chosen::PasidOffset any = std::nullopt;

// AER 0x100-0x12b, Device Serial Number 0x148-0x153, ATS 0x1a0-0x1a7.
ConfigBuilder device() {
    return ConfigBuilder{}
        .head(0x80)
        .express(0x80, 0)
        .extended(0x100, 0x01, 0x148)
        .extended(0x148, 0x03, 0x1a0)
        .extended(0x1a0, 0x0f, 0);
}

pci::Ownership owners(const ConfigBuilder& config) {
    return pci::find_owners(config.image(), pci::list_capabilities(config.image()));
}

PasidPlace place(const ConfigBuilder& config, const chosen::PasidOffset& wanted,
                 chosen::PropertyOrigin origin = chosen::PropertyOrigin::User, bool overlay = false,
                 bool list_begins = true) {
    const auto ownership = owners(config);
    return place_pasid({.owners = ownership, .list_begins = list_begins},
                       {.value = wanted, .origin = origin}, overlay);
}

TEST(PlacePasid, TakesTheHighestOfTheBestHoles) {
    const auto chosen = place(device(), any);

    // One dword below the end: the guard behind it may be past the end.
    EXPECT_EQ(chosen.at, 0xff8);
    EXPECT_FALSE(chosen.refusal);
}

TEST(PlacePasid, TakesThePlaceOfTheDevicesOwn) {
    const auto chosen = place(device().extended(0x1a0, 0x0f, 0x2c0).extended(0x2c0, 0x1b, 0), any);

    EXPECT_EQ(chosen.at, 0x2c0);
    EXPECT_EQ(chosen.why, "in the place of the device's own");
}

TEST(PlacePasid, DoesNotTakeAnOwnPlaceThatIsCutShort) {
    const auto chosen = place(
        device().extended(0x1a0, 0x0f, 0x2c0).extended(0x2c0, 0x1b, 0x2c4).extended(0x2c4, 0x03, 0),
        any);

    EXPECT_EQ(chosen.at, 0xff8);
}

TEST(PlacePasid, KeepsAwayFromRegistersThatNobodyOwns) {
    const auto chosen = place(device().put32(0xffc, 0x1234), any);

    ASSERT_TRUE(chosen.at);
    EXPECT_NE(chosen.at, 0xff8);
    const auto image = device().put32(0xffc, 0x1234).image();
    EXPECT_EQ(image.read32(*chosen.at), 0u);
    EXPECT_EQ(image.read32(*chosen.at + 4u), 0u);
}

TEST(PlacePasid, BeginsAListThatIsEmpty) {
    const auto empty = ConfigBuilder{}.head(0x80).express(0x80, 0);

    EXPECT_EQ(place(empty, any, chosen::PropertyOrigin::Version, false, false).at, 0x100);
}

TEST(PlacePasid, TakesAHoleWhereTheFirstBytesOfAnEmptyListAreTaken) {
    const auto odd = ConfigBuilder{}.head(0x80).express(0x80, 0).put32(0x104, 7);

    EXPECT_EQ(place(odd, any, chosen::PropertyOrigin::Version, false, false).at, 0xff8);
}

TEST(PlacePasid, FindsNoRoomInAFullSpace) {
    // A Vendor-Specific capability that says it takes the rest of the space.
    const auto full = ConfigBuilder{}
                          .head(0x80)
                          .express(0x80, 0)
                          .extended(0x100, 0x0b, 0)
                          .put32(0x104, 0xf0000000);

    const auto chosen = place(full, any);

    EXPECT_FALSE(chosen.at);
    EXPECT_THAT(chosen.refusal->what, HasSubstr("no room"));
}

TEST(PlacePasid, FindsNoRoomWhereNoBytesReadAsZero) {
    auto busy = device();
    for (std::size_t at = 0x104; at < 0x1000; at += 8)
        if (busy.image().read32(at) == 0) busy.put32(at, 1);

    EXPECT_THAT(place(busy, any).refusal->what, HasSubstr("no room"));
}

TEST(PlacePasid, TakesAHoleThatTheUserNames) { EXPECT_EQ(place(device(), 0x200).at, 0x200); }

TEST(PlacePasid, NamesTheCapabilityThatTheUserPutsItInto) {
    const auto chosen = place(device(), 0x14c);

    EXPECT_FALSE(chosen.at);
    EXPECT_EQ(chosen.refusal->what,
              "pasid-offset=0x14c: its bytes 0x14c-0x153 reach into Device Serial Number at "
              "0x148-0x153");
}

TEST(PlacePasid, NamesTheCapabilityThatTheEndReachesInto) {
    EXPECT_THAT(place(device(), 0x19c).refusal->what,
                HasSubstr("reach into Address Translation Service at 0x1a0-0x1a7"));
}

TEST(PlacePasid, NamesACapabilityThatOnlyTheHostSees) {
    // L1 PM Substates, which the kernel hides.
    const auto config = device().extended(0x1a0, 0x0f, 0x200).extended(0x200, 0x1e, 0);

    EXPECT_THAT(place(config, 0x204).refusal->what,
                HasSubstr("L1 PM Substates at 0x200-0x20f, which the host's kernel hides"));
}

TEST(PlacePasid, NeedsTheUsersWordForBytesThatAreNotZero) {
    const auto config = device().put8(0x207, 0x80);

    EXPECT_THAT(place(config, 0x200).refusal->remedy, HasSubstr("x-pasid-overlay=on"));
    EXPECT_EQ(place(config, 0x200, chosen::PropertyOrigin::User, true).at, 0x200);
}

TEST(PlacePasid, OverlaysNoCapability) {
    EXPECT_TRUE(place(device(), 0x148, chosen::PropertyOrigin::User, true).refusal);
}

TEST(PlacePasid, TakesTheLastBytesOfAVersionThatHasItThere) {
    const auto chosen = place(device(), 0xff8, chosen::PropertyOrigin::Compatibility);

    EXPECT_EQ(chosen.at, 0xff8);
    EXPECT_FALSE(chosen.warning);
}

TEST(PlacePasid, LeavesAVersionsPlaceThatIsTakenWithAWarning) {
    const auto chosen =
        place(device().put32(0xffc, 1), 0xff8, chosen::PropertyOrigin::Compatibility);

    ASSERT_TRUE(chosen.at);
    EXPECT_NE(chosen.at, 0xff8);
    EXPECT_THAT(*chosen.warning, HasSubstr("QEMU differs"));
}

TEST(PlacePasid, TellsThatAVersionHasNoneInAnEmptyList) {
    const auto empty = ConfigBuilder{}.head(0x80).express(0x80, 0);

    const auto chosen = place(empty, 0xff8, chosen::PropertyOrigin::Compatibility, false, false);

    EXPECT_EQ(chosen.at, 0x100);
    EXPECT_THAT(*chosen.warning, HasSubstr("QEMU shows no PASID"));
}

TEST(CheckPasidOffset, TakesDwordsOfTheExtendedSpace) {
    EXPECT_TRUE(check_pasid_offset(0x100));
    EXPECT_TRUE(check_pasid_offset(0xff8));
    EXPECT_FALSE(check_pasid_offset(0xfc));
    EXPECT_FALSE(check_pasid_offset(0xffc));
    EXPECT_FALSE(check_pasid_offset(0x102));
    EXPECT_EQ(check_pasid_offset(0x1000).error().what,
              "pasid-offset=0x1000: a place is a multiple of 4 from 0x100 to 0xff8");
}

}  // namespace
}  // namespace tenon::model::function
