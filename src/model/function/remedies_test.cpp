#include "model/function/assignability.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A disk of a live host, bound to its driver, with a card's sound in its group.
device::DeviceFacts disk() {
    device::DeviceFacts facts;
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.device = 2};
    facts.driver = std::string{"nvme"};
    facts.has_iommu = true;
    facts.uses = std::vector<device::Use>{};
    facts.group = device::GroupFacts{
        .number = 7, .members = {{.address = {.device = 3}, .driver = "snd_hda_intel"}}};
    return facts;
}

std::vector<chosen::Reason> reasons_of(const device::DeviceFacts& facts) {
    std::vector<std::string> unknowns;
    return reasons_by_host(facts, unknowns);
}

TEST(ReasonsByHost, HaveTheCommandsOfWhatNobodyUses) {
    const auto reasons = reasons_of(disk());

    ASSERT_THAT(reasons, SizeIs(2));
    EXPECT_THAT(reasons[0].commands, SizeIs(4));
    EXPECT_THAT(reasons[1].commands, SizeIs(4));
}

TEST(ReasonsByHost, HaveWhatTheHostWouldLoseInPlaceOfCommands) {
    auto facts = disk();
    facts.uses->push_back({.kind = device::UseKind::FileSystem, .name = "/ (vda1)"});

    const auto reasons = reasons_of(facts);

    EXPECT_EQ(reasons[0].remedy, "0000:00:02.0 holds / (vda1): do not");
    EXPECT_THAT(reasons[0].commands, IsEmpty());
    EXPECT_THAT(reasons[1].commands, SizeIs(4));
}

TEST(ReasonsByHost, HaveNoCommandsWhereACompanionIsInUse) {
    auto facts = disk();
    facts.group->members[0].uses.push_back({.kind = device::UseKind::Display, .name = "boot VGA"});

    const auto reasons = reasons_of(facts);

    const auto* const remedy = "0000:00:03.0 is a display of the host (boot VGA): do not";
    EXPECT_EQ(reasons[0].remedy, remedy);
    EXPECT_EQ(reasons[1].remedy, remedy);
    EXPECT_THAT(reasons[0].commands, IsEmpty());
    EXPECT_THAT(reasons[1].commands, IsEmpty());
}

TEST(ReasonsByHost, LeaveTheIsaBridgeOfAGroupAlone) {
    auto facts = disk();
    facts.group->members = {
        {.address = {.device = 0x1f}, .driver = "lpc_ich", .class_code = 0x060100}};

    const auto reasons = reasons_of(facts);

    EXPECT_THAT(reasons[1].what, HasSubstr("0000:00:1f.0 of the same IOMMU group 7 is bound to"));
    for (const auto& reason : reasons) {
        EXPECT_THAT(reason.remedy, HasSubstr("0000:00:1f.0 is an ISA bridge"));
        EXPECT_THAT(reason.commands, IsEmpty());
    }
}

TEST(ReasonsByHost, GiveTheSmbusControllerOfAGroupToNobody) {
    auto facts = disk();
    facts.driver = std::string{"vfio-pci"};
    facts.group->members = {{.address = {.device = 0x1f, .function = 4},
                             .driver = "i801_smbus",
                             .class_code = 0x0c0500}};

    EXPECT_THAT(reasons_of(facts)[0].commands,
                ElementsAre("echo 0000:00:1f.4 > "
                            "/sys/bus/pci/devices/0000:00:1f.4/driver/unbind"));
}

TEST(ReasonsByHost, BindNothingOfAnotherHostThatWasOnlyCopied) {
    auto facts = disk();
    facts.origin = device::Origin::Capture;
    facts.nodes = Unknown{"a copy of sysfs does not tell"};

    const auto reasons = reasons_of(facts);

    EXPECT_EQ(reasons[0].remedy, "bind 0000:00:02.0 to vfio-pci on its own host");
    EXPECT_EQ(reasons[1].remedy, "bind 0000:00:03.0 to vfio-pci on its own host");
    EXPECT_THAT(reasons[0].commands, IsEmpty());
    EXPECT_THAT(reasons[1].commands, IsEmpty());
}

TEST(ReasonsByKind, WakeADeviceThatAnswersOnesOrTakeItOutAndLookAgain) {
    auto facts = disk();
    pci::ConfigImage ones{64};
    std::ranges::fill(ones.bytes(), std::byte{0xff});

    const auto reasons = reasons_by_kind(facts, ones, {});

    ASSERT_THAT(reasons, SizeIs(1));
    EXPECT_THAT(reasons[0].commands,
                ElementsAre("echo on > /sys/bus/pci/devices/0000:00:02.0/power/control",
                            "echo 1 > /sys/bus/pci/devices/0000:00:02.0/remove",
                            "echo 1 > /sys/bus/pci/rescan"));
}

TEST(ReasonsByKind, TakeNothingOutThatTheHostUses) {
    auto facts = disk();
    facts.uses->push_back({.kind = device::UseKind::FileSystem, .name = "/ (vda1)"});
    pci::ConfigImage ones{64};
    std::ranges::fill(ones.bytes(), std::byte{0xff});

    const auto reasons = reasons_by_kind(facts, ones, {});

    EXPECT_THAT(reasons[0].remedy, HasSubstr("0000:00:02.0 holds / (vda1): do not"));
    EXPECT_THAT(reasons[0].commands,
                ElementsAre("echo on > /sys/bus/pci/devices/0000:00:02.0/power/control"));
}

TEST(ReasonsByKind, HaveNoCommandsForADeviceOfAFile) {
    auto facts = disk();
    facts.origin = device::Origin::File;
    pci::ConfigImage ones{64};
    std::ranges::fill(ones.bytes(), std::byte{0xff});

    EXPECT_THAT(reasons_by_kind(facts, ones, {})[0].commands, IsEmpty());
}

}  // namespace
}  // namespace tenon::model::function
