// Registers of a port of QEMU's: literals that were read from ports of QEMU 11.1.3.
#include "model/slot/qemu_port.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/slot/slot.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::slot {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;

FunctionPlan function(unsigned number, std::uint32_t widths = 0) {
    device::DeviceFacts facts;
    facts.source = "host" + std::to_string(number);
    facts.physical =
        ConfigBuilder{}.head(0x80).express(0x80, 0).second_registers(0x80, 0x380, 0x0440).image();
    facts.atomics = widths;
    const auto properties =
        chosen::choose_properties(chosen::find_target("QEMU 11.1")->target->as, {});
    FunctionPlan plan{.view = function::build_function_view(facts, properties),
                      .facts = std::move(facts)};
    plan.view.function = number;
    return plan;
}

PortPlan port(std::vector<FunctionPlan> functions, bool hotplug = true) {
    PortPlan made{.name = "rp0", .secondary_bus = 1, .slot_number = 2};
    made.rules.version = "QEMU 11.1";
    made.rules.atomics.value.mode = chosen::AtomicsMode::LoneFunction;
    made.rules.hotplug.value = hotplug;
    made.functions = std::move(functions);
    settle(made);
    return made;
}

std::uint32_t at(const PortPlan& plan, std::size_t offset) { return plan.map.start.read32(offset); }

TEST(QemuPort, HasTheRegistersOfAnEmptyPort) {
    const auto empty = port({});

    EXPECT_EQ(at(empty, 0x00), 0x000c1b36u);
    EXPECT_EQ(at(empty, 0x04), 0x00100000u);
    EXPECT_EQ(at(empty, 0x08), 0x06040000u);
    EXPECT_EQ(at(empty, 0x1c) & 0xffffu, 0x00f0u);
    EXPECT_EQ(at(empty, 0x34), 0x54u);
    EXPECT_EQ(at(empty, 0x3c), 0x100u);
    EXPECT_EQ(at(empty, 0x40), 0x0000000du);
    EXPECT_EQ(at(empty, 0x44), 0x00001b36u);
    EXPECT_EQ(at(empty, 0x48), 0x00004011u);
    EXPECT_EQ(at(empty, 0x50), 0x00000800u);
    EXPECT_EQ(at(empty, 0x54), 0x01424810u);
    EXPECT_EQ(at(empty, 0x58), 0x00008020u);
    EXPECT_EQ(at(empty, 0x60), 0x00300604u);
    EXPECT_EQ(at(empty, 0x64), 0x02040000u);
    EXPECT_EQ(at(empty, 0x68), 0x0012007bu);
    EXPECT_EQ(at(empty, 0x6c), 0x000007c0u);
    EXPECT_EQ(at(empty, 0x78), 0x00300020u);
    EXPECT_EQ(at(empty, 0x80), 0x0000001eu);
    EXPECT_EQ(at(empty, 0x84), 0x00000004u);
    EXPECT_EQ(at(empty, 0x100), 0x14820001u);
    EXPECT_EQ(at(empty, 0x108), 0x02400000u);
    EXPECT_EQ(at(empty, 0x10c), 0x00462030u);
    EXPECT_EQ(at(empty, 0x114), 0x0000e000u);
    EXPECT_EQ(at(empty, 0x118), 0x000002a0u);
    EXPECT_EQ(at(empty, 0x148), 0x0001000du);
    EXPECT_EQ(at(empty, 0x14c), 0x0000005fu);
}

TEST(QemuPort, ShowsTheLinkOfFunctionZeroAndAnOccupiedSlot) {
    const auto occupied = port({function(0)});

    EXPECT_EQ(at(occupied, 0x64), 0x00430000u);  // x4 at 8 GT/s, as the function says.
    EXPECT_EQ(at(occupied, 0x6c), 0x000003c0u);
    EXPECT_EQ(occupied.slot.link_speed, 4u);
    EXPECT_EQ(occupied.slot.link_width, 32u);
}

TEST(QemuPort, HasNoHotPlugWhereItIsOff) { EXPECT_EQ(at(port({}, false), 0x68), 0x0012001bu); }

TEST(QemuPort, CompletesAtomicsForALoneFunctionAlone) {
    const auto lone = port({function(0, 3)});
    const auto two = port({function(0, 3), function(1)});

    EXPECT_EQ(at(lone, 0x78), 0x003001a0u);
    EXPECT_EQ(at(two, 0x78), 0x00300020u);
    EXPECT_THAT(lone.slot.atomics_why.front(), HasSubstr("leaves them in the port"));
    EXPECT_THAT(two.slot.atomics_why.front(), HasSubstr("lone function 0"));
    // AtomicOp Requester Enable is the device's, and nothing gates it.
    EXPECT_TRUE(two.slot.functions[1].atomics_participant);
    EXPECT_EQ(lone.functions[0].view.map.start.read8(0xa8), 0x40);
    EXPECT_EQ(lone.functions[0].view.map.rules8(0xa8).passed, 0xff);
}

TEST(QemuPort, TellsOfOtherFunctionsInFunctionZeroAlone) {
    const auto two = port({function(0), function(1)});

    EXPECT_EQ(two.functions[0].view.map.start.read8(0x0e), 0x80);
    EXPECT_EQ(two.functions[1].view.map.start.read8(0x0e), 0x00);
}

}  // namespace
}  // namespace tenon::model::slot
