#include "model/running/slot_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/slot/slot.hpp"
#include "tests/support/slot_functions.hpp"

namespace tenon::model::running {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using enum SlotAction;

// Registers of the port, whose PCI Express capability is at 0x40. Source: PCIe Base Spec 6.0,
// 7.5.3.9 to 7.5.3.11.
constexpr std::uint16_t slot_capabilities = 0x54;
constexpr std::uint16_t slot_control = 0x58;
constexpr std::uint16_t slot_status = 0x5a;
constexpr std::uint16_t link_status = 0x52;
// As Linux's driver writes it: button, link state, interrupt.
constexpr std::uint16_t enabled = 0x1021;
constexpr std::uint16_t indicator_on = 0x0100;
constexpr std::uint16_t indicator_blinks = 0x0200;
constexpr std::uint16_t indicator_off = 0x0300;
// Slot Status.
constexpr std::uint16_t button = 0x0001;
constexpr std::uint16_t presence_changed = 0x0008;
constexpr std::uint16_t present = 0x0040;
constexpr std::uint16_t link_changed = 0x0100;

slot::PortPlan port(bool hotplug = true) {
    slot::PortPlan made{.name = "rp0", .secondary_bus = 1, .slot_number = 5};
    made.rules.hotplug.value = hotplug;
    slot::settle(made);
    return made;
}

class SlotStateTest : public testing::Test {
protected:
    std::uint32_t read(std::uint16_t offset) { return config_.read(offset, 2, 0); }
    std::vector<SlotAction> write(std::uint16_t offset, std::uint16_t value) {
        EXPECT_THAT(config_.write(offset, 2, value), IsEmpty());
        return slot_.written();
    }
    std::vector<SlotAction> arrive() {
        EXPECT_THAT(config_.follow(occupied_.map), IsEmpty());
        return slot_.arrive();
    }
    std::vector<SlotAction> depart() {
        EXPECT_THAT(config_.follow(empty_.map), IsEmpty());
        return slot_.depart();
    }

    slot::PortPlan empty_ = port();
    slot::PortPlan occupied_ = slot::with_function(port(), support::arriving(0, 0)).value();
    ConfigState config_{empty_.map};
    SlotState slot_{config_, true};
};

TEST_F(SlotStateTest, SaysWhatTheSlotCanDo) {
    // Button, power indicator, surprise, hot-plug, no command completed, number 5; no power
    // controller.
    EXPECT_EQ(config_.read(slot_capabilities, 4, 0), 5u << 19 | 0x00040071u);
    EXPECT_EQ(read(slot_control), indicator_off);
    EXPECT_EQ(read(slot_status), 0u);
    EXPECT_EQ(slot_.phase(), SlotPhase::Empty);
}

TEST_F(SlotStateTest, ArrivalBringsPresenceAndLinkTogetherAndOneInterrupt) {
    EXPECT_THAT(write(slot_control, enabled | indicator_off), IsEmpty());

    EXPECT_THAT(arrive(), ElementsAre(Interrupt));

    EXPECT_EQ(read(slot_status), present | presence_changed | link_changed);
    EXPECT_EQ(read(link_status) & 0x2000, 0x2000u);
    EXPECT_EQ(slot_.phase(), SlotPhase::Occupied);
}

TEST_F(SlotStateTest, ArrivalWithoutADriverWaitsForOne) {
    EXPECT_THAT(arrive(), IsEmpty());
    EXPECT_EQ(read(slot_status), present | presence_changed | link_changed);

    EXPECT_THAT(write(slot_control, enabled | indicator_on), ElementsAre(Interrupt));
}

TEST_F(SlotStateTest, ADriverThatClearsWhatItFindsIsNotInterrupted) {
    EXPECT_THAT(arrive(), IsEmpty());
    EXPECT_THAT(write(slot_status, 0x011f), IsEmpty());
    EXPECT_EQ(read(slot_status), present);

    EXPECT_THAT(write(slot_control, enabled | indicator_on), IsEmpty());
}

TEST_F(SlotStateTest, InterruptsAgainOnlyAfterEveryEventWasCleared) {
    write(slot_control, enabled | presence_changed | indicator_off);
    EXPECT_THAT(arrive(), ElementsAre(Interrupt));

    // One of two is left: no new interrupt for another event.
    EXPECT_THAT(write(slot_status, link_changed), IsEmpty());
    EXPECT_THAT(slot_.ask_to_leave(), IsEmpty());
    EXPECT_THAT(write(slot_status, presence_changed | button), IsEmpty());
    EXPECT_THAT(depart(), ElementsAre(Interrupt));
}

TEST_F(SlotStateTest, TheGuestLetsGoWhenThePowerIndicatorGoesOff) {
    write(slot_control, enabled | indicator_off);
    arrive();
    write(slot_status, presence_changed | link_changed);
    write(slot_control, enabled | indicator_on);

    EXPECT_THAT(slot_.ask_to_leave(), ElementsAre(Interrupt));
    EXPECT_EQ(read(slot_status), present | button);
    EXPECT_EQ(slot_.phase(), SlotPhase::Leaving);
    EXPECT_THAT(slot_.ask_to_leave(), IsEmpty());
    EXPECT_THAT(write(slot_status, button), IsEmpty());
    EXPECT_THAT(write(slot_control, enabled | indicator_blinks), IsEmpty());
    EXPECT_THAT(write(slot_control, enabled | indicator_off), ElementsAre(Release));

    EXPECT_THAT(depart(), ElementsAre(Interrupt));
    EXPECT_EQ(read(slot_status), presence_changed | link_changed);
    EXPECT_EQ(read(link_status) & 0x2000, 0u);
    EXPECT_EQ(slot_.phase(), SlotPhase::Empty);
}

TEST_F(SlotStateTest, AButtonPressedBeforeADriverTakesItIsHeld) {
    arrive();

    EXPECT_THAT(slot_.ask_to_leave(), IsEmpty());
    EXPECT_EQ(read(slot_status) & button, 0u);
    EXPECT_EQ(slot_.phase(), SlotPhase::LeavingSoon);
    write(slot_status, 0x011f);

    EXPECT_THAT(write(slot_control, enabled | indicator_on), ElementsAre(Interrupt));
    EXPECT_EQ(read(slot_status), present | button);
    EXPECT_EQ(slot_.phase(), SlotPhase::Leaving);
}

TEST_F(SlotStateTest, AGuestMayLetGoByItself) {
    write(slot_control, enabled | indicator_off);
    arrive();
    write(slot_control, enabled | indicator_on);
    slot_.ask_to_leave();
    slot_.stop_asking();
    EXPECT_EQ(slot_.phase(), SlotPhase::Occupied);

    EXPECT_THAT(write(slot_control, enabled | indicator_off), ElementsAre(Release));
}

TEST_F(SlotStateTest, AnIndicatorThatStaysOffReleasesNothing) {
    write(slot_control, enabled | indicator_off);
    arrive();

    EXPECT_THAT(write(slot_control, enabled | indicator_off), IsEmpty());
    EXPECT_EQ(slot_.phase(), SlotPhase::Occupied);
}

TEST_F(SlotStateTest, TellsThatTheLinkChanged) {
    write(slot_control, enabled | indicator_off);
    arrive();
    write(slot_status, presence_changed | link_changed);

    slot_.link_changed();

    EXPECT_THAT(slot_.written(), ElementsAre(Interrupt));
    EXPECT_EQ(read(slot_status), present | link_changed);
}

TEST_F(SlotStateTest, AGuestThatDisabledTheLinkLetsGoOfNothing) {
    write(slot_control, enabled | indicator_off);
    arrive();
    write(slot_control, enabled | indicator_on);
    config_.set(link_status, 0x2000, 0);

    EXPECT_THAT(write(slot_control, enabled | indicator_off), IsEmpty());
    EXPECT_EQ(slot_.phase(), SlotPhase::Occupied);
}

TEST_F(SlotStateTest, AGuestMayDisableTheLinkOnTheWayOut) {
    write(slot_control, enabled | indicator_off);
    arrive();
    write(slot_control, enabled | indicator_on);
    slot_.ask_to_leave();
    config_.set(link_status, 0x2000, 0);

    const auto actions = write(slot_control, enabled | indicator_off);
    EXPECT_THAT(actions, testing::Contains(Release));
}

TEST_F(SlotStateTest, ForcedRemovalTakesTheButtonBack) {
    write(slot_control, enabled | indicator_off);
    arrive();
    write(slot_status, presence_changed | link_changed);
    slot_.ask_to_leave();

    depart();

    EXPECT_EQ(read(slot_status), presence_changed | link_changed);
}

TEST_F(SlotStateTest, AResetOfTheMachineForgetsRequests) {
    arrive();
    slot_.ask_to_leave();

    config_ = ConfigState{occupied_.map};
    slot_.restart();

    EXPECT_EQ(slot_.phase(), SlotPhase::Occupied);
    EXPECT_EQ(read(slot_control), indicator_on);
    EXPECT_EQ(read(slot_status), present);
    EXPECT_THAT(write(slot_control, enabled | indicator_on), IsEmpty());
}

TEST(SlotStateWithoutHotPlug, HasNothingOfIt) {
    const auto plain = port(false);
    ConfigState config{plain.map};
    SlotState slot{config, false};

    EXPECT_EQ(config.read(slot_capabilities, 4, 0), 5u << 19);
    EXPECT_EQ(config.read(slot_control, 2, 0), 0u);
    EXPECT_THAT(slot.arrive(), IsEmpty());
    EXPECT_THAT(slot.ask_to_leave(), IsEmpty());
    EXPECT_EQ(config.read(slot_status, 2, 0), 0u);
}

}  // namespace
}  // namespace tenon::model::running
