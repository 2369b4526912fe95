#include "model/machine/firmware_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::model::machine {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;

MachinePlan plan_of(MachineRequest request) {
    request.firmware = true;
    if (request.memory.size == 0) request.memory.size = gib;
    auto plan = make_plan(std::move(request));
    EXPECT_TRUE(plan);
    return std::move(plan).value_or(MachinePlan{});
}

TEST(FirmwareMap, HasEcamAboveWhatFirmwareGivesFrom) {
    const auto plan = plan_of({.physical_bits = 40u});
    EXPECT_EQ(plan.addresses.memory32, (slot::Window{0xc000'0000, 0x3c00'0000}));
    EXPECT_EQ(plan.addresses.ecam, (slot::Window{0xfc00'0000, mib}));
    EXPECT_EQ(plan.addresses.io, (slot::Window{0xc000, 0x4000}));
    EXPECT_TRUE(plan.assignable());
}

TEST(FirmwareMap, LeavesEcamInTheWindowWhereItHasNoRoomAbove) {
    std::vector<slot::PortPlan> ports;
    AddressMap addresses;
    addresses.ecam.size = 44 * mib;
    follow_firmware(addresses, ports);
    EXPECT_EQ(addresses.ecam.base, 0xfc00'0000u);
    EXPECT_EQ(addresses.ecam.end(), 0xfec0'0000u);

    AddressMap many;
    many.ecam.size = 45 * mib;
    follow_firmware(many, ports);
    EXPECT_EQ(many.ecam.base, 0xe000'0000u);
    EXPECT_EQ(many.memory32.end(), many.ecam.base);
}

TEST(FirmwareMap, HasTheWideWindowFromTheEndOfMemory) {
    const auto plan = plan_of({.memory = {.size = 4 * gib}, .physical_bits = 40u});
    EXPECT_EQ(plan.addresses.memory64.base, 5 * gib);
    EXPECT_EQ(plan.addresses.memory64.end(), std::uint64_t{1} << 40);
    EXPECT_EQ(plan_of({.physical_bits = 52u}).addresses.memory64.end(), std::uint64_t{1} << 46);
}

TEST(FirmwareMap, ShowsTheBridgeThatFirmwareLooksFor) {
    EXPECT_EQ(plan_of({}).host_bridge.start.read16(2), 0x0d57);
    const auto other = make_plan({.memory = {.size = gib}});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->host_bridge.start.read16(2), 0x0008);
}

TEST(FirmwareMap, TellsFirmwareWhatAPortIsToHaveRoomFor) {
    const auto plan =
        plan_of({.ports = {{.name = "gpu", .memory = 64 * mib, .prefetchable = 16 * gib},
                           {.name = "fixed", .hotplug = false}},
                 .physical_bits = 40u});
    ASSERT_EQ(plan.ports.size(), 2u);
    const auto& start = plan.ports[0]->map.start;
    EXPECT_EQ(start.read8(0x91), 0xa0);
    EXPECT_EQ(start.read32(0xa0), 0x01200009u);
    EXPECT_EQ(start.read32(0xa4), 0xffff'ffffu);
    EXPECT_EQ(start.read32(0xa8), 0x1000u);
    EXPECT_EQ(start.read32(0xac), 0u);
    EXPECT_EQ(start.read32(0xb0), 64 * mib);
    EXPECT_EQ(start.read32(0xb4), 0xffff'ffffu);
    EXPECT_EQ(start.read32(0xb8), 0u);
    EXPECT_EQ(start.read32(0xbc), 4u);
    EXPECT_EQ(plan.ports[1]->map.start.read8(0x91), 0);

    const auto kernel = make_plan({.ports = {{.name = "gpu"}}, .memory = {.size = gib}});
    ASSERT_TRUE(kernel);
    EXPECT_EQ(kernel->ports[0]->map.start.read8(0x91), 0);
}

TEST(FirmwareMap, RefusesWhatFirmwareCannotStartWith) {
    const auto many = plan_of({.vcpus = 255});
    ASSERT_EQ(many.problems.size(), 1u);
    EXPECT_THAT(many.problems[0].what, HasSubstr("255 processors: firmware starts 254"));
    const auto little = plan_of({.memory = {.size = 64 * mib}});
    ASSERT_EQ(little.problems.size(), 1u);
    EXPECT_THAT(little.problems[0].what, HasSubstr("firmware needs 128 MiB"));
}

}  // namespace
}  // namespace tenon::model::machine
