// What has to hold of every slot: a function 0, the multi-function bit by what is there, no ARI.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/machine/machine_plan.hpp"
#include "model/slot/slot.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::slot {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;
using testing::SizeIs;

// Registers. Source: PCIe Base Spec 6.0, 7.5.1.1.9, 7.5.3.15, 7.5.3.16, 7.8.8.
constexpr std::size_t header_type = 0x0e;
constexpr std::size_t port_capabilities_2 = 0x64;
constexpr std::size_t port_control_2 = 0x68;
constexpr std::uint32_t ari_forwarding = 0x20;

// The host's function says that it has neighbours (bit 7 of the header type), and has ARI, whose
// next function is 5, between two other capabilities.
ConfigBuilder host_function() {
    return ConfigBuilder{}
        .put8(header_type, 0x80)
        .head(0x80)
        .express(0x80, 0)
        .extended(0x100, 0x03, 0x150)
        .extended(0x150, 0x0e, 0x200)
        .put16(0x154, 0x0503)
        .put16(0x156, 0x0001)
        .extended(0x200, 0x01, 0);
}

machine::DeviceRequest device(unsigned on_host, std::string port,
                              std::optional<unsigned> function) {
    device::DeviceFacts facts;
    facts.address = pci::Address{.bus = 0x0b, .function = static_cast<std::uint8_t>(on_host)};
    facts.source = to_string(*facts.address);
    facts.physical = host_function().image();
    return {.facts = std::move(facts), .port = std::move(port), .function = function};
}

machine::MachinePlan plan(std::vector<machine::DeviceRequest> devices) {
    return machine::make_plan({.devices = std::move(devices)}).value();
}

TEST(SlotRules, NumberHostFunctionsAnew) {
    const auto made = plan({device(3, "slot", 0), device(7, "slot", 6), device(1, "slot", {})});

    const auto& functions = made.ports.at(0)->functions;
    ASSERT_THAT(functions, SizeIs(3));
    EXPECT_EQ(functions[0].view.host, "0000:0b:00.3");
    EXPECT_EQ(functions[1].view.host, "0000:0b:00.1");
    EXPECT_EQ(functions[1].guest.function, 1);
    EXPECT_EQ(functions[2].guest.function, 6);
    EXPECT_TRUE(made.problems.empty());
}

TEST(SlotRules, WantAFunctionZero) {
    const auto made = plan({device(1, "slot", 1)});

    EXPECT_FALSE(made.assignable());
    ASSERT_THAT(made.problems, SizeIs(1));
    EXPECT_THAT(made.problems[0].what, HasSubstr("port slot has no function 0"));
    EXPECT_THAT(made.problems[0].remedy, HasSubstr("function=0"));
}

TEST(SlotRules, TellOfNeighboursByWhoIsThereAndNotByTheHost) {
    const auto alone = plan({device(1, "slot", 0)});
    EXPECT_EQ(alone.ports[0]->functions[0].start().read8(header_type), 0x00);

    const auto together = plan({device(1, "slot", 0), device(0, "slot", 5)});
    EXPECT_EQ(together.ports[0]->functions[0].start().read8(header_type), 0x80);
    EXPECT_EQ(together.ports[0]->functions[1].start().read8(header_type), 0x80);
}

TEST(SlotRules, TakeEightFunctionsAndNoNinth) {
    std::vector<machine::DeviceRequest> devices;
    for (unsigned n = 0; n < 8; ++n)
        devices.push_back(device(n, "slot", {}));
    EXPECT_TRUE(machine::make_plan({.devices = devices}));
    devices.push_back(device(0, "slot", {}));
    EXPECT_THAT(machine::make_plan({.devices = devices}).error().what,
                HasSubstr("eight functions already"));
}

TEST(SlotRules, NeverShowHalfOfAri) {
    const auto made = plan({device(0, "slot", 0), device(5, "slot", 1)});

    for (const auto& function : made.ports[0]->functions) {
        const auto& map = function.view.map;
        // Device Serial Number at 0x100 leads past it to Advanced Error Reporting at 0x200.
        EXPECT_EQ(map.start.read32(0x100) >> 20, 0x200u);
        EXPECT_EQ(map.start.read32(0x150), 0u);
        EXPECT_EQ(map.start.read32(0x154), 0u);
        EXPECT_EQ(map.rules32(0x154).ours, 0xffffffffu);
        EXPECT_EQ(map.rules32(0x154).passed, 0u);
    }
    const auto& port = made.ports[0]->map;
    EXPECT_EQ(port.start.read32(port_capabilities_2) & ari_forwarding, 0u);
    EXPECT_EQ(port.start.read16(port_control_2) & ari_forwarding, 0u);
    EXPECT_EQ(port.rules16(port_control_2).writable & ari_forwarding, 0u);
}

TEST(SlotRules, HideAriWhereTheKernelShowsItToo) {
    auto shown = device(0, "slot", 0);
    device::VfioFacts vfio;
    vfio.config = host_function().image();
    shown.facts.vfio = vfio;
    const auto made = plan({shown});
    EXPECT_EQ(made.ports[0]->functions[0].view.map.start.read32(0x154), 0u);
}

}  // namespace
}  // namespace tenon::model::slot
