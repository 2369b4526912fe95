// A guest that switches ATS, page requests and AtomicOps on and off in registers whose bits are the
// host's or the device's: what an embedding VMM learns.
#include "model/running/guest_switches.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/running/config_state.hpp"
#include "model/slot/slot.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::running {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// ATS at 0x100, Page Request Interface at 0x110, PCI Express at 0x80.
// Source: PCIe Base Spec 6.0, 10.5.1.3, 10.5.2.2, 10.5.2.5 and 7.5.3.16.
constexpr std::uint16_t ats_control = 0x106;
constexpr std::uint16_t page_control = 0x114;
constexpr std::uint16_t allocation = 0x11c;
constexpr std::uint16_t device_control = 0x88;
constexpr std::uint16_t device_control_2 = 0xa8;
constexpr std::uint32_t widths_32_and_64 = 3;

// A port whose only function, or whose function beside one with AtomicOps, has `widths`.
slot::PortPlan port_with(std::uint32_t widths, bool beside = false, bool virtual_function = false,
                         const chosen::FunctionProperties& properties = {}) {
    slot::PortPlan port{.name = "rp0", .secondary_bus = 1, .slot_number = 1};
    for (unsigned number = 0; number < (beside ? 2u : 1u); ++number) {
        device::DeviceFacts facts;
        facts.source = "host" + std::to_string(number);
        facts.physical = support::ConfigBuilder{}
                             .head(0x80)
                             .express(0x80, 0)
                             .second_registers(0x80, 0x380, 0)
                             .extended(0x100, 0x0f, 0x110)
                             .extended(0x110, 0x13, 0)
                             .image();
        facts.atomics = number == 0 ? widths : widths_32_and_64;
        facts.virtual_function = virtual_function;
        slot::FunctionPlan plan{.view = function::build_function_view(facts, properties),
                                .facts = std::move(facts)};
        plan.view.function = number;
        port.functions.push_back(std::move(plan));
    }
    slot::settle(port);
    return port;
}

ConfigState state_of(const slot::PortPlan& port) {
    const auto& function = port.functions.front();
    return ConfigState{function.view, function.start()};
}

TEST(GuestSwitches, TellOfAtsThatNeverReachesTheDevice) {
    const auto port = port_with(0);
    auto state = state_of(port);

    EXPECT_THAT(state.write(ats_control, 2, 0x8005),
                ElementsAre(effect::AtsChanged{.enabled = true, .smallest_translation_unit = 5}));
    EXPECT_THAT(state.write(ats_control, 2, 0x8005), IsEmpty());
    EXPECT_THAT(state.write(ats_control + 1, 1, 0x00),
                ElementsAre(effect::AtsChanged{.enabled = false, .smallest_translation_unit = 5}));
    // The dword begins with ATS Capability; reserved bits are nothing.
    EXPECT_THAT(state.write(ats_control - 2, 4, 0x7fe5ffff), IsEmpty());
}

TEST(GuestSwitches, TellOfPageRequests) {
    const auto port = port_with(0);
    auto state = state_of(port);

    EXPECT_THAT(state.write(page_control, 2, 0x0002),
                ElementsAre(effect::PageRequestsChanged{.reset = true}));
    EXPECT_THAT(state.write(allocation, 4, 32),
                ElementsAre(effect::PageRequestsChanged{.allocation = 32}));
    EXPECT_THAT(state.write(page_control, 2, 0x0001),
                ElementsAre(effect::PageRequestsChanged{.enabled = true, .allocation = 32}));
    // A reset counts only without Enable.
    EXPECT_THAT(state.write(page_control, 1, 0x03), IsEmpty());
    EXPECT_THAT(state.write(page_control, 4, 0x00000000),
                ElementsAre(effect::PageRequestsChanged{.allocation = 32}));
}

TEST(GuestSwitches, AreNotThereWhereTheCapabilityIsHidden) {
    const auto port =
        port_with(0, false, false, {.ats = {chosen::AtsMode::Off, chosen::PropertyOrigin::User}});
    auto state = state_of(port);

    EXPECT_THAT(state.write(ats_control, 2, 0x8000), IsEmpty());
    EXPECT_THAT(state.write(page_control, 2, 0x0001),
                ElementsAre(effect::PageRequestsChanged{.enabled = true}));
}

TEST(GuestSwitches, TellOfAtomicOpsOfAFunctionThatTakesPart) {
    const auto port = port_with(widths_32_and_64);
    auto state = state_of(port);

    EXPECT_THAT(
        state.write(device_control_2, 2, 0x0040),
        ElementsAre(effect::WriteDevice{.offset = device_control_2, .size = 2, .value = 0x40},
                    effect::AtomicsChanged{.enabled = true}));
    EXPECT_THAT(state.write(device_control_2, 2, 0x0040),
                Not(Contains(Effect{effect::AtomicsChanged{.enabled = true}})));
    EXPECT_THAT(state.write(device_control_2, 2, 0x0000),
                Contains(Effect{effect::AtomicsChanged{.enabled = false}}));
}

TEST(GuestSwitches, TellNothingOfAGatedFunction) {
    const auto port = port_with(0, true);
    auto state = state_of(port);

    EXPECT_THAT(state.write(device_control_2, 1, 0x40),
                Not(Contains(Effect{effect::AtomicsChanged{.enabled = true}})));
}

TEST(GuestSwitches, TellOfAtomicOpsOfAVirtualFunctionAndWriteNothing) {
    const auto port = port_with(widths_32_and_64, false, true);
    auto state = state_of(port);

    EXPECT_THAT(state.write(device_control_2, 1, 0x40),
                Contains(Effect{effect::AtomicsChanged{.enabled = true}}));
    EXPECT_EQ(state.read(device_control_2, 1, 0) & 0x40, 0x40u);
}

TEST(GuestSwitches, AreOffAfterEveryReset) {
    const auto port = port_with(widths_32_and_64);
    const auto off =
        ElementsAre(effect::AtsChanged{}, effect::PageRequestsChanged{}, effect::AtomicsChanged{});
    const auto off_and_reset = ElementsAre(effect::AtsChanged{}, effect::PageRequestsChanged{},
                                           effect::AtomicsChanged{}, effect::ResetFunction{});
    for (const bool by_guest : {false, true}) {
        auto state = state_of(port);
        (void)state.write(ats_control, 2, 0x8001);
        (void)state.write(page_control, 2, 0x0001);
        (void)state.write(allocation, 4, 8);
        (void)state.write(device_control_2, 2, 0x0040);

        if (by_guest)
            EXPECT_THAT(state.write(device_control, 2, 0x8000), off_and_reset);
        else
            EXPECT_THAT(state.reset(), off);
        EXPECT_THAT(state.reset(), IsEmpty());
    }
}

TEST(GuestSwitches, TellOfAFunctionThatIsGatedWhenItsSlotChanges) {
    const auto before = port_with(widths_32_and_64);
    const auto gated = port_with(0, true);
    auto state = state_of(before);
    (void)state.write(device_control_2, 2, 0x0040);

    const auto effects = state.follow(gated.functions.front().view);

    EXPECT_THAT(effects, Contains(Effect{effect::AtomicsChanged{}}));
    EXPECT_THAT(effects, Contains(Effect{effect::UpdateDevice{
                             .offset = device_control_2, .mask = 0x40, .value = 0}}));
}

TEST(GuestSwitches, OfTheDeviceAreClearedBeforeAGuestHasIt) {
    const effect::WriteDevice command{.offset = 0x04, .size = 2, .value = 0};
    const auto port = port_with(0);

    EXPECT_THAT(state_of(port).prepare_device(),
                ElementsAre(command, effect::UpdateDevice{
                                         .offset = device_control_2, .mask = 0x40, .value = 0}));
    // In a virtual function the bit is reserved.
    const auto of_virtual = port_with(0, false, true);
    EXPECT_THAT(state_of(of_virtual).prepare_device(), ElementsAre(command));
    EXPECT_THAT(ConfigState{port.map}.prepare_device(), IsEmpty());
}

}  // namespace
}  // namespace tenon::model::running
