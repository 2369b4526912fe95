#include "model/function/reset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr pci::Address gpu{.bus = 0x0b};
constexpr pci::Address sound{.bus = 0x0b, .function = 1};
constexpr ResetSubject harmless{.vendor = 0x1b36, .device = 0x0010, .class_code = 0x010802};
constexpr ResetSubject matisse_usb{.vendor = 0x1022, .device = 0x149c, .class_code = 0x0c0330};
constexpr ResetSubject t4{.vendor = 0x10de, .device = 0x1eb8, .class_code = 0x030200};
constexpr ResetSubject polaris{.vendor = 0x1002, .device = 0x67df, .class_code = 0x030000};

// A function of this host at 0b:00.0 behind a bridge, with a sound beside it.
device::DeviceFacts facts(std::vector<std::string> methods) {
    device::DeviceFacts made{"0b:00.0", device::Origin::Live};
    made.address = gpu;
    made.reset_methods = std::move(methods);
    made.vfio = Unknown{"not opened"};
    made.virtual_function = false;
    made.path = std::vector<device::BridgeFacts>{{.address = {.bus = 0x00}}};
    made.bus_neighbours =
        std::vector<device::GroupMember>{{.address = sound, .driver = "snd_hda_intel"}};
    return made;
}

ResetOutcome decide(const device::DeviceFacts& of, chosen::ResetChoice choice,
                    std::vector<pci::Address> ours = {gpu, sound},
                    const ResetSubject& subject = harmless) {
    return decide_reset(of, subject, {.value = choice, .origin = chosen::PropertyOrigin::User},
                        "tenon-1", ours);
}

TEST(Reset, AutoTakesTheFunctionAloneWhereTheKernelCan) {
    const auto outcome = decide(facts({"flr", "bus"}), chosen::ResetChoice::Auto);

    EXPECT_EQ(*outcome.plan.way, ResetWay::Function);
    EXPECT_EQ(outcome.plan.method, "flr");
    EXPECT_EQ(outcome.report.host, "flr, bus");
    EXPECT_THAT(outcome.report.effect, HasSubstr("first way (flr)"));
    EXPECT_THAT(outcome.plan.warnings, IsEmpty());
}

TEST(Reset, AutoTakesTheBusWhereEverythingOnItIsOurs) {
    const auto outcome = decide(facts({}), chosen::ResetChoice::Auto);

    EXPECT_EQ(*outcome.plan.way, ResetWay::Bus);
    EXPECT_THAT(outcome.plan.bus_set, ElementsAre("0000:0b:00.0", "0000:0b:00.1"));
    EXPECT_THAT(outcome.report.effect, HasSubstr("resets 0000:0b:00.0, 0000:0b:00.1 together"));
    EXPECT_THAT(outcome.plan.warnings, IsEmpty());
}

TEST(Reset, AutoGivesUpWhereSomebodyElseIsOnTheBus) {
    const auto outcome = decide(facts({}), chosen::ResetChoice::Auto, {gpu});

    EXPECT_EQ(*outcome.plan.way, ResetWay::None);
    ASSERT_THAT(outcome.plan.warnings, SizeIs(1));
    EXPECT_THAT(outcome.plan.warnings[0], HasSubstr("0000:0b:00.1 (driver snd_hda_intel)"));
    EXPECT_THAT(outcome.plan.warnings[0], HasSubstr("the next guest finds"));
    EXPECT_THAT(outcome.plan.refusals, IsEmpty());
}

TEST(Reset, AutoGivesUpOnARootBus) {
    auto on_root = facts({});
    on_root.path = std::vector<device::BridgeFacts>{};
    on_root.bus_neighbours = Unknown{"it is on a root bus"};
    EXPECT_EQ(*decide(on_root, chosen::ResetChoice::Auto).plan.way, ResetWay::None);
    EXPECT_THAT(decide(on_root, chosen::ResetChoice::Auto).plan.warnings,
                ElementsAre(HasSubstr("root bus")));
}

TEST(Reset, IsNotGuessed) {
    auto dump = facts({});
    dump.origin = device::Origin::File;
    dump.reset_methods = Unknown{"a dump does not tell"};
    dump.bus_neighbours = Unknown{"a dump does not tell"};
    for (const auto choice :
         {chosen::ResetChoice::Auto, chosen::ResetChoice::Function, chosen::ResetChoice::Bus}) {
        const auto outcome = decide(dump, choice);
        EXPECT_FALSE(outcome.plan.way) << name_of(choice);
        EXPECT_THAT(outcome.report.effect, HasSubstr("not known: "));
        EXPECT_THAT(outcome.plan.refusals, IsEmpty());
        EXPECT_THAT(outcome.plan.warnings, IsEmpty());
    }
    dump.reset_methods = std::vector<std::string>{};
    EXPECT_FALSE(decide(dump, chosen::ResetChoice::Auto).plan.way);
}

// What of a capture may be missing is any fact alone: here the neighbours are known, and of whom
// they are is not.
TEST(Reset, IsNotGuessedWithoutItsOwnAddress) {
    auto nameless = facts({});
    nameless.address = Unknown{"the capture does not tell"};
    for (const auto choice : {chosen::ResetChoice::Auto, chosen::ResetChoice::Bus}) {
        const auto outcome = decide(nameless, choice);
        EXPECT_FALSE(outcome.plan.way) << name_of(choice);
        EXPECT_THAT(outcome.report.effect,
                    HasSubstr("its address on its host: the capture does not tell"));
    }
}

TEST(Reset, BelievesWhatVfioTriedBeforeWhatSysfsLists) {
    auto opened = facts({"pm"});
    opened.vfio = device::VfioFacts{};
    EXPECT_EQ(*decide(opened, chosen::ResetChoice::Auto).plan.way, ResetWay::Bus);
    opened.vfio->info.can_reset = true;
    EXPECT_EQ(*decide(opened, chosen::ResetChoice::Auto).plan.way, ResetWay::Function);
}

TEST(Reset, OfTheFunctionIsRefusedWhereThereIsNone) {
    const auto outcome = decide(facts({}), chosen::ResetChoice::Function);

    ASSERT_THAT(outcome.plan.refusals, SizeIs(1));
    EXPECT_THAT(outcome.plan.refusals[0].what, HasSubstr("reset=function is asked for"));
    EXPECT_FALSE(outcome.plan.way);
    EXPECT_EQ(*decide(facts({"pm"}), chosen::ResetChoice::Function).plan.way, ResetWay::Function);
}

TEST(Reset, OfTheBusIsRefusedWithWhoIsInTheWay) {
    const auto outcome = decide(facts({"flr"}), chosen::ResetChoice::Bus, {gpu});

    ASSERT_THAT(outcome.plan.refusals, SizeIs(1));
    EXPECT_EQ(outcome.plan.refusals[0].what,
              "reset=bus would reset 0000:0b:00.1 (driver snd_hda_intel) too, not of this machine");
    EXPECT_THAT(outcome.plan.bus_set, SizeIs(2));
    EXPECT_EQ(*decide(facts({"flr"}), chosen::ResetChoice::Bus).plan.way, ResetWay::Bus);
}

TEST(Reset, OfTheBusIsRefusedForAVirtualFunctionAndOnARootBus) {
    auto virtual_one = facts({"flr"});
    virtual_one.virtual_function = true;
    EXPECT_THAT(decide(virtual_one, chosen::ResetChoice::Bus).plan.refusals[0].what,
                HasSubstr("a virtual function"));
    auto on_root = facts({"flr"});
    on_root.path = std::vector<device::BridgeFacts>{};
    EXPECT_THAT(decide(on_root, chosen::ResetChoice::Bus).plan.refusals[0].what,
                HasSubstr("root bus"));
}

TEST(Reset, NamesABridgeThatABusResetMeets) {
    auto above_bridge = facts({});
    above_bridge.bus_neighbours = std::vector<device::GroupMember>{
        {.address = sound, .driver = "pcieport", .is_bridge = true}};
    EXPECT_THAT(decide(above_bridge, chosen::ResetChoice::Bus, {gpu}).plan.refusals[0].what,
                HasSubstr("0000:0b:00.1 (a bridge)"));
}

TEST(Reset, OfNothingHasToBeAskedFor) {
    const auto outcome = decide(facts({"flr"}), chosen::ResetChoice::None);

    EXPECT_EQ(*outcome.plan.way, ResetWay::None);
    EXPECT_THAT(outcome.report.effect, HasSubstr("the next guest finds"));
    EXPECT_THAT(outcome.plan.warnings, IsEmpty());
}

TEST(Reset, WarnsOfKnownTroubleWithItsEvidence) {
    EXPECT_THAT(decide(facts({"flr"}), chosen::ResetChoice::Auto, {gpu}, matisse_usb).plan.warnings,
                ElementsAre(HasSubstr("[Linux commit 0d14f06cd665]")));
}

TEST(Reset, DoesNotWarnOfTroubleThatTheKernelAvoids) {
    EXPECT_THAT(decide(facts({"pm"}), chosen::ResetChoice::Auto, {gpu}, matisse_usb).plan.warnings,
                IsEmpty());
    EXPECT_THAT(decide(facts({"flr"}), chosen::ResetChoice::None, {gpu}, matisse_usb).plan.warnings,
                IsEmpty());
    EXPECT_THAT(decide(facts({"flr"}), chosen::ResetChoice::Auto, {gpu}, t4).plan.warnings,
                IsEmpty());
    EXPECT_THAT(
        decide(facts({"device_specific"}), chosen::ResetChoice::Auto, {gpu}, polaris).plan.warnings,
        IsEmpty());
}

TEST(Reset, DoesNotWarnOfAResetThatTheKernelDoesNotHave) {
    auto without = facts({});
    without.bus_neighbours = Unknown{"a dump does not tell"};
    EXPECT_FALSE(decide(without, chosen::ResetChoice::Auto, {gpu}, matisse_usb).plan.way);
    EXPECT_THAT(decide(without, chosen::ResetChoice::Auto, {gpu}, matisse_usb).plan.warnings,
                IsEmpty());
}

TEST(Reset, WarnsOfTroubleThatMayHappenWhereTheWayIsNotKnown) {
    auto dump = facts({});
    dump.reset_methods = Unknown{"a dump does not tell"};
    EXPECT_THAT(decide(dump, chosen::ResetChoice::Auto, {gpu}, matisse_usb).plan.warnings,
                SizeIs(1));
}

TEST(Reset, DoesNotTakeABusThatTheDeviceDoesNotSurvive) {
    EXPECT_EQ(*decide(facts({}), chosen::ResetChoice::Auto, {gpu, sound}, t4).plan.way,
              ResetWay::None);
    EXPECT_THAT(decide(facts({}), chosen::ResetChoice::Bus, {gpu, sound}, t4).plan.warnings,
                ElementsAre(HasSubstr("lore.kernel.org")));
}

// Linux has that quirk for VGA controllers alone, and it matters where registers promise the reset.
TEST(Reset, KnowsOfNoResetByPowerStatesOnlyWhereItIsPromised) {
    constexpr ResetSubject fiji{.vendor = 0x1002, .device = 0x7300, .class_code = 0x030000};
    constexpr ResetSubject accelerator{.vendor = 0x1002, .device = 0x740c, .class_code = 0x038000};
    constexpr std::size_t at = 0x40;
    constexpr std::uint8_t no_soft_reset = 8;
    const auto config = [&](std::uint8_t control) {
        return support::ConfigBuilder{256}
            .head(at)
            .standard(at, pci::capability_id::power_management, 0)
            .put8(at + 4, control)
            .image();
    };
    device::DeviceFacts dump{"dump", device::Origin::File};
    dump.physical = config(no_soft_reset);
    EXPECT_EQ(find_likely_trouble(dump, fiji), nullptr);
    dump.physical = config(0);
    EXPECT_NE(find_likely_trouble(dump, fiji), nullptr);
    EXPECT_EQ(find_likely_trouble(dump, accelerator), nullptr);
    dump.physical = Unknown{"no bytes"};
    EXPECT_EQ(find_likely_trouble(dump, fiji), nullptr);
}

}  // namespace
}  // namespace tenon::model::function
