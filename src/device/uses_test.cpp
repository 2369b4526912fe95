#include "device/uses.hpp"

#include <gtest/gtest.h>

namespace tenon::device {
namespace {

const pci::Address disk{.device = 2};

TEST(WhyNotToTake, SaysNothingOfAFunctionThatNobodyUses) {
    EXPECT_EQ(why_not_to_take(disk, {}), "");
}

TEST(WhyNotToTake, NamesWhatTheHostWouldLose) {
    const std::vector<Use> uses{{.kind = UseKind::FileSystem, .name = "/ (vda1)"},
                                {.kind = UseKind::Swap, .name = "vda2"}};

    EXPECT_EQ(why_not_to_take(disk, uses),
              "0000:00:02.0 holds / (vda1), holds swap (vda2): do not");
}

TEST(WhyNotToTake, CountsWhatIsTooMuchToName) {
    const std::vector<Use> uses(5, {.kind = UseKind::DefaultRoute, .name = "eth0"});

    EXPECT_EQ(why_not_to_take(disk, uses),
              "0000:00:02.0 has the host's default route (eth0), has the host's default route "
              "(eth0), has the host's default route (eth0) and 2 more: do not");
}

TEST(WhyNotToTake, NeedsNoNames) {
    const std::vector<Use> uses{{.kind = UseKind::Address, .name = ""}};

    EXPECT_EQ(why_not_to_take(disk, uses), "0000:00:02.0 has an address of the host: do not");
}

// A function of group 1 with these beside it.
DeviceFacts facts_with(std::vector<GroupMember> members) {
    DeviceFacts facts;
    facts.address = disk;
    facts.uses = std::vector<Use>{};
    facts.group = GroupFacts{.number = 1, .members = std::move(members)};
    return facts;
}

TEST(WhyNotToTake, AsksThoseOfTheGroupThatWouldHaveToLeaveWithIt) {
    const std::vector<Use> uses{{.kind = UseKind::Display, .name = "boot VGA"}};
    auto facts = facts_with({{.address = {.device = 1}, .driver = "pcieport", .uses = uses},
                             {.address = {.device = 3}, .driver = "", .uses = uses}});
    EXPECT_EQ(why_not_to_take(facts), "");

    facts.group->members.push_back(
        {.address = {.device = 4}, .driver = "i915", .is_bridge = false, .uses = uses});
    EXPECT_EQ(why_not_to_take(facts), "0000:00:04.0 is a display of the host (boot VGA): do not");

    facts.uses->push_back({.kind = UseKind::Swap, .name = "vda2"});
    EXPECT_EQ(why_not_to_take(facts), "0000:00:02.0 holds swap (vda2): do not");
}

TEST(WhyNotToTake, LeavesAGroupToTheHostWithWhatTheHostHangsOn) {
    EXPECT_EQ(why_not_to_take(facts_with(
                  {{.address = {.device = 0x1f}, .driver = "lpc_ich", .class_code = 0x060100}})),
              "0000:00:1f.0 is an ISA bridge, which the host cannot do without: do not; in a slot "
              "of another group a device is free of it");
}

TEST(AdviceFor, UnbindsWhatServesTheBoard) {
    const auto advice = advice_for({.address = {.device = 0x1f, .function = 4},
                                    .driver = "i801_smbus",
                                    .class_code = 0x0c0500});

    EXPECT_EQ(advice.remedy,
              "0000:00:1f.4 is an SMBus controller of the host's board: it goes to no guest; "
              "without its driver it is in nobody's way");
    EXPECT_EQ(advice.commands,
              std::vector<std::string>{
                  "echo 0000:00:1f.4 > /sys/bus/pci/devices/0000:00:1f.4/driver/unbind"});
}

TEST(AdviceFor, BindsOthers) {
    const auto advice =
        advice_for({.address = {.device = 3}, .driver = "snd_hda_intel", .class_code = 0x040300});

    EXPECT_EQ(advice.remedy, "");
    EXPECT_EQ(advice.commands.front(), "modprobe vfio-pci");
}

TEST(AdviceFor, BindsWhatIsOnACardAsItsOtherFunctions) {
    const auto advice = advice_for(
        {.address = {.bus = 1, .function = 3}, .driver = "nvidia-gpu", .class_code = 0x0c8000});

    EXPECT_EQ(advice.remedy, "");
    EXPECT_EQ(advice.commands.size(), 4u);
}

TEST(AdviceFor, TakesNothingThatIsInUse) {
    const auto advice = advice_for({.address = {.device = 3},
                                    .driver = "r8169",
                                    .uses = {{.kind = UseKind::Network, .name = "br0 (eth0)"}}});

    EXPECT_EQ(advice.remedy, "0000:00:03.0 is part of br0 (eth0): do not");
    EXPECT_EQ(advice.commands, std::vector<std::string>{});
}

}  // namespace
}  // namespace tenon::device
