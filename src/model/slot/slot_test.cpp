#include "model/slot/slot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/config_builder.hpp"
#include "tests/support/slot_functions.hpp"

namespace tenon::model::slot {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Registers of the port, whose PCI Express capability is at 0x40, and of a function, which has it
// at 0x80. Source: PCIe Base Spec 6.0, 7.5.3.2, 7.5.3.15, 7.5.3.16.
constexpr std::size_t port_express_capabilities = 0x42;
constexpr std::size_t port_capabilities_2 = 0x64;
constexpr std::size_t function_control_2 = 0xa8;
constexpr std::uint8_t requester_enable = 0x40;
constexpr std::size_t header_type = 0x0e;

FunctionPlan function(unsigned number, std::uint32_t widths, std::uint16_t vendor = 0x1b36,
                      std::uint32_t class_code = 0x010802) {
    device::DeviceFacts facts;
    facts.source = "host" + std::to_string(number);
    facts.physical = ConfigBuilder{}
                         .put16(0x00, vendor)
                         .put32(0x08, class_code << 8)
                         .head(0x80)
                         .express(0x80, 0)
                         .second_registers(0x80, 0x380, 0x0440)
                         .image();
    facts.atomics = widths;
    FunctionPlan plan{.view = function::build_function_view(facts), .facts = std::move(facts)};
    plan.view.id = "dev" + std::to_string(number);
    plan.view.function = number;
    return plan;
}

PortPlan port(chosen::AtomicsRule rule = {}, std::vector<FunctionPlan> functions = {}) {
    PortPlan made{.name = "rp0", .secondary_bus = 1, .slot_number = 1};
    made.rules.atomics.value = rule;
    made.functions = std::move(functions);
    settle(made);
    return made;
}

std::uint32_t completer_bits(const PortPlan& plan) {
    // Bits 9:7 of Device Capabilities 2; bit 21 tells of prefixes.
    return plan.map.start.read32(port_capabilities_2) & 0x00000380;
}

const function::FunctionView& view_of(const PortPlan& plan, unsigned number) {
    return std::ranges::find_if(
               plan.functions,
               [number](const FunctionPlan& one) { return one.view.function == number; })
        ->view;
}

bool passes_requester_enable(const function::FunctionView& view) {
    return (view.map.rules8(function_control_2).passed & requester_enable) != 0;
}

TEST(Slot, ShowsWidthsWhereTheSpecificationPutsThem) {
    EXPECT_EQ(completer_bits(port()), 0x00000000u);
    EXPECT_EQ(completer_bits(port({}, {function(0, 1)})), 0x00000080u);
    EXPECT_EQ(completer_bits(port({}, {function(0, 2)})), 0x00000100u);
    EXPECT_EQ(completer_bits(port({}, {function(0, 4)})), 0x00000200u);
    EXPECT_EQ(completer_bits(port({}, {function(0, 7)})), 0x00000380u);
    EXPECT_EQ(port({}, {function(0, 7)}).map.rules32(port_capabilities_2).writable, 0u);
}

TEST(Slot, PassesRequesterEnableOfAParticipantAndStartsItClear) {
    const auto plan = port({}, {function(0, 3)});
    const auto& map = view_of(plan, 0).map;
    EXPECT_EQ(map.rules16(function_control_2).passed & 0x0040, 0x0040);
    EXPECT_EQ(map.rules16(function_control_2).ours & 0x0040, 0x0000);
    EXPECT_EQ(map.start.read16(function_control_2), 0x0400);
}

TEST(Slot, GatesRequesterEnableOfAllOthers) {
    const auto plan = port({}, {function(0, 3), function(1, 0)});
    const auto& map = view_of(plan, 1).map;
    EXPECT_EQ(map.rules16(function_control_2).passed, 0xffbf);
    EXPECT_EQ(map.rules16(function_control_2).ours, 0x0040);
    EXPECT_EQ(map.rules16(function_control_2).writable, 0x0000);
    EXPECT_EQ(map.start.read16(function_control_2), 0x0400);
}

TEST(Slot, KeepsTheBitOfAVirtualFunctionToItself) {
    auto virtual_one = function(0, 3);
    virtual_one.view.virtual_function = true;
    const auto plan = port({}, {virtual_one});
    const auto& map = view_of(plan, 0).map;
    EXPECT_EQ(map.rules16(function_control_2).passed & 0x0040, 0x0000);
    EXPECT_EQ(map.rules16(function_control_2).ours & 0x0040, 0x0040);
    EXPECT_EQ(map.rules16(function_control_2).writable & 0x0040, 0x0040);
}

TEST(Slot, HasNoSecondRegistersInVersionOne) {
    auto plan = port();
    plan.rules.express_version = 1;
    plan = with_function(std::move(plan), function(0, 7)).value();
    EXPECT_EQ(plan.map.start.read16(port_express_capabilities), 0x0141);
    EXPECT_EQ(completer_bits(plan), 0u);
    EXPECT_EQ(plan.slot.link_speed, 1u);
    EXPECT_FALSE(passes_requester_enable(view_of(plan, 0)));
    EXPECT_THAT(plan.slot.atomics_change, HasSubstr("express=1"));
}

TEST(Slot, TellsFunctionsOfEachOther) {
    auto plan = port({}, {function(0, 0)});
    EXPECT_EQ(view_of(plan, 0).map.start.read8(header_type), 0x00);
    plan = with_function(std::move(plan), function(3, 0)).value();
    EXPECT_EQ(view_of(plan, 0).map.start.read8(header_type), 0x80);
    EXPECT_EQ(view_of(plan, 3).map.start.read8(header_type), 0x80);
    plan = support::without_function(std::move(plan), 3);
    EXPECT_EQ(view_of(plan, 0).map.start.read8(header_type), 0x00);
}

TEST(Slot, RefusesANumberThatIsTakenAndOneThatNoneHas) {
    const auto plan = port({}, {function(0, 3)});
    EXPECT_THAT(with_function(plan, function(0, 3)).error().what, HasSubstr("taken"));
    EXPECT_THAT(with_function(plan, function(8, 3)).error().what, HasSubstr("0 to 7"));
}

TEST(Slot, WarnsOfAGatedFunctionBesideAParticipant) {
    const auto plan = port({}, {function(0, 3), function(1, 0)});
    EXPECT_THAT(plan.slot.functions[0].warnings, IsEmpty());
    EXPECT_THAT(plan.slot.functions[1].warnings,
                ElementsAre(HasSubstr("give host1 a port of its own")));
    EXPECT_THAT(plan.slot.atomics_change, HasSubstr("give host1 a port of its own"));
}

TEST(Slot, WarnsOfAVirtualFunctionThatCannotBeGated) {
    auto virtual_one = function(0, 3);
    virtual_one.view.virtual_function = true;
    const auto plan = port({.mode = chosen::AtomicsMode::Off}, {virtual_one});
    EXPECT_THAT(plan.slot.functions[0].warnings, ElementsAre(HasSubstr("nobody can gate it")));
}

TEST(Slot, WarnsOfNothingInCommonAndNamesWhoLacksWhat) {
    const auto plan = port({}, {function(0, 3), function(1, 4)});
    EXPECT_THAT(plan.slot.warnings,
                ElementsAre(HasSubstr("dev0 host0 has 32 and 64 bit, dev1 host1 has 128 bit")));
}

TEST(Slot, WarnsOfWidthsThatTheFunctionsContradict) {
    const chosen::AtomicsRule rule{.mode = chosen::AtomicsMode::Fixed, .widths = 7};
    const auto plan = port(rule, {function(0, 3)});
    EXPECT_EQ(completer_bits(plan), 0x00000380u);
    EXPECT_FALSE(passes_requester_enable(view_of(plan, 0)));
    EXPECT_THAT(plan.slot.warnings, ElementsAre(HasSubstr("dev0 host0 128 bit does not complete")));
}

TEST(Slot, WarnsOfAPortThatCompletesHalfOfWhatTheSpecificationWants) {
    EXPECT_THAT(port({}, {function(0, 2)}).slot.warnings, ElementsAre(HasSubstr("6.15.3.1")));
    EXPECT_THAT(port({}, {function(0, 3)}).slot.warnings, IsEmpty());
}

TEST(Slot, SaysWhatGuestDriversAskFor) {
    const auto gpu = [](std::uint32_t widths) { return function(0, widths, 0x1002, 0x030000); };
    EXPECT_THAT(port({}, {gpu(3)}).slot.atomics_why,
                ElementsAre(testing::_, HasSubstr("amdgpu asks for 32 and 64 bit together: "
                                                  "satisfied")));
    EXPECT_THAT(port({}, {gpu(2)}).slot.atomics_why,
                ElementsAre(testing::_, HasSubstr("not satisfied")));
}

TEST(Slot, SaysWhatAnotherModeWouldGive) {
    EXPECT_THAT(port({.mode = chosen::AtomicsMode::Off}, {function(0, 3)}).slot.atomics_change,
                HasSubstr("--port rp0,atomics=auto gives 32 and 64 bit"));
}

}  // namespace
}  // namespace tenon::model::slot
