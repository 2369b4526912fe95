#include "model/machine/machine_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::machine {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;
using testing::SizeIs;

// A dump of an NVMe controller whose BAR 0 has `size` bytes and these low bits.
DeviceRequest device_with_bar(std::uint64_t size, std::uint32_t bar_low, std::uint64_t flags) {
    DeviceRequest request;
    request.facts.source = "nvme";
    request.facts.physical =
        ConfigBuilder{}.put32(0x10, bar_low).head(0x80).express(0x80, 0).image();
    std::array<device::ResourceFacts, 7> resources{};
    resources[0] = {.size = size, .flags = flags};
    request.facts.resources = resources;
    return request;
}

DeviceRequest nvme() { return device_with_bar(0x4000, 0xfe800004, device::resource_memory); }
DeviceRequest gpu(std::uint64_t size) {
    return device_with_bar(size, 0xe000000c, device::resource_memory | device::resource_prefetch);
}

MachineRequest machine(std::vector<DeviceRequest> devices) {
    return {.devices = std::move(devices)};
}

TEST(MachinePlan, GivesEachDeviceAPortOfItsOwn) {
    const auto plan = make_plan(machine({nvme(), nvme()}));

    ASSERT_TRUE(plan);
    ASSERT_THAT(plan->ports, SizeIs(2));
    EXPECT_EQ(plan->ports[0]->name, "rp0");
    EXPECT_EQ(plan->ports[1]->name, "rp1");
    EXPECT_EQ(to_string(plan->ports[1]->guest), "0000:00:02.0");
    EXPECT_EQ(to_string(plan->ports[1]->functions[0].guest), "0000:02:00.0");
    EXPECT_EQ(plan->ports[1]->functions[0].view.id, "dev1");
    EXPECT_TRUE(plan->assignable());
}

TEST(MachinePlan, PutsSeveralFunctionsIntoOneSlot) {
    auto second = nvme();
    second.port = "slot";
    auto first = nvme();
    first.port = "slot";
    first.function = 1;

    const auto plan = make_plan(machine({first, second}));

    ASSERT_TRUE(plan);
    ASSERT_THAT(plan->ports, SizeIs(1));
    const auto& functions = plan->ports[0]->functions;
    ASSERT_THAT(functions, SizeIs(2));
    EXPECT_EQ(functions[0].view.id, "dev1");
    EXPECT_EQ(functions[0].start().read8(0x0e), 0x80);
    EXPECT_EQ(functions[1].start().read8(0x0e), 0x80);
    EXPECT_EQ(to_string(functions[1].guest), "0000:01:00.1");
}

TEST(MachinePlan, SaysThatASlotHasNoFunctionZero) {
    auto device = nvme();
    device.function = 2;

    const auto plan = make_plan(machine({device}));

    ASSERT_TRUE(plan);
    EXPECT_FALSE(plan->assignable());
    EXPECT_THAT(plan->problems[0].what, HasSubstr("port rp0 has no function 0"));
}

TEST(MachinePlan, RefusesTwoDevicesInOnePlace) {
    auto device = nvme();
    device.port = "slot";
    device.function = 0;

    const auto plan = make_plan(machine({device, device}));

    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().what, "dev1: function 0 of port slot is taken by another device");
}

TEST(MachinePlan, RefusesANinthFunction) {
    auto device = nvme();
    device.port = "slot";

    const auto plan = make_plan(machine(std::vector<DeviceRequest>(9, device)));

    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().what, "dev8: port slot has eight functions already");
}

TEST(MachinePlan, RefusesAVersionThatIsNotThere) {
    auto request = machine({nvme()});
    request.version = "tenon-99";

    const auto plan = make_plan(request);

    ASSERT_FALSE(plan);
    EXPECT_THAT(plan.error().what,
                HasSubstr("machine version \"tenon-99\" is not known; known: tenon-1, "));
}

TEST(MachinePlan, RefusesAPortTwice) {
    auto request = machine({nvme()});
    request.ports = {{.name = "a"}, {.name = "a"}};

    EXPECT_EQ(make_plan(request).error().what, "port a is given twice");
}

TEST(MachinePlan, RefusesAnIdTwice) {
    auto device = nvme();
    device.id = "disk";

    EXPECT_EQ(make_plan(machine({device, device})).error().what, "id disk is given twice");
}

TEST(MachinePlan, HasRoomForManyPorts) {
    const auto plan = make_plan(machine(std::vector<DeviceRequest>(248, nvme())));

    ASSERT_TRUE(plan);
    EXPECT_EQ(to_string(plan->ports[31]->guest), "0000:00:01.1");
    EXPECT_EQ(plan->ports[0]->map.start.read8(0x0e), 0x81);
    EXPECT_EQ(plan->ports[31]->map.start.read8(0x0e), 0x01);
    EXPECT_FALSE(make_plan(machine(std::vector<DeviceRequest>(249, nvme()))));
}

TEST(Windows, PlaceNonPrefetchableBarsBelow4GiB) {
    const auto plan = make_plan(machine({nvme(), nvme()}));

    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->ports[0]->memory, (slot::Window{.base = 0xc0000000, .size = 0x100000}));
    EXPECT_EQ(plan->ports[1]->memory, (slot::Window{.base = 0xc0100000, .size = 0x100000}));
    EXPECT_EQ(plan->ports[1]->functions[0].start().read32(0x10), 0xc0100004u);
    // Memory base and limit of the port: upper 12 bits of both ends.
    EXPECT_EQ(plan->ports[1]->map.start.read16(0x20), 0xc010);
    EXPECT_EQ(plan->ports[1]->map.start.read16(0x22), 0xc010);
    EXPECT_EQ(plan->ports[1]->prefetchable.size, 0u);
}

TEST(Windows, PlacePrefetchable64BitBarsHigh) {
    const auto plan = make_plan(machine({gpu(1ull << 38)}));

    ASSERT_TRUE(plan);
    // 256 GiB, aligned to its size: the next multiple above 64 GiB.
    const auto& function = plan->ports[0]->functions[0];
    EXPECT_EQ(function.bar_address[0], 0x4000000000u);
    EXPECT_EQ(function.start().read32(0x14), 0x40u);
    EXPECT_EQ(plan->ports[0]->map.start.read16(0x24), 0x0001);
    EXPECT_EQ(plan->ports[0]->map.start.read32(0x28), 0x40u);
    EXPECT_EQ(plan->ports[0]->map.start.read32(0x2c), 0x7fu);
    EXPECT_GE(plan->addresses.memory64.end(), 0x8000000000u);
}

TEST(Windows, GoAboveTheGuestsMemory) {
    auto request = machine({gpu(1 << 20)});
    request.memory.size = 100ull << 30;

    const auto plan = make_plan(request);

    ASSERT_TRUE(plan);
    EXPECT_GE(plan->ports[0]->prefetchable.base, (4ull << 30) + (97ull << 30));
}

TEST(Windows, StayWithinTheGuestsPhysicalAddresses) {
    auto request = machine({gpu(1ull << 38)});
    request.physical_bits = 39;

    const auto plan = make_plan(request);

    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->assignable());
    EXPECT_EQ(plan->memory64_needed, 448ull << 30);
    // Room for twice the need would end past 512 GiB.
    EXPECT_EQ(plan->addresses.memory64, (slot::Window{.base = 64ull << 30, .size = 448ull << 30}));
}

TEST(Windows, GoBelow64GiBWhereTheyDoNotFitAbove) {
    auto request = machine({gpu(16ull << 30)});
    request.memory.size = 1ull << 30;
    request.physical_bits = 36;

    const auto plan = make_plan(request);

    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->assignable());
    EXPECT_EQ(plan->ports[0]->functions[0].bar_address[0], 16ull << 30);
    EXPECT_EQ(plan->addresses.memory64, (slot::Window{.base = 4ull << 30, .size = 60ull << 30}));
}

TEST(Windows, SayThatPhysicalAddressesAreTooNarrow) {
    auto request = machine({gpu(1ull << 38)});
    request.physical_bits = 36;

    const auto plan = make_plan(request);

    ASSERT_TRUE(plan);
    EXPECT_FALSE(plan->assignable());
    EXPECT_EQ(plan->ports[0]->functions[0].bar_address[0], 0u);
    EXPECT_THAT(plan->problems[0].what,
                HasSubstr("BAR 0 of nvme behind rp0 needs 256 GiB of the 64-bit memory window, "
                          "which ends with the 36 bits of guest physical addresses"));
}

TEST(Windows, SayWhatFindsNoRoom) {
    const auto plan =
        make_plan(machine({device_with_bar(1u << 30, 0x80000000, device::resource_memory)}));

    ASSERT_TRUE(plan);
    EXPECT_FALSE(plan->assignable());
    EXPECT_THAT(plan->problems[0].what,
                HasSubstr("BAR 0 of nvme behind rp0 needs 1 GiB of the 32-bit memory window"));
}

TEST(Windows, GiveIoPortsOnlyToPortsThatNeedThem) {
    const auto plan =
        make_plan(machine({nvme(), device_with_bar(0x20, 0x0000c001, device::resource_io)}));

    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->ports[0]->map.rules8(0x1c).writable, 0);
    EXPECT_EQ(plan->ports[1]->io, (slot::Window{.base = 0x1000, .size = 0x1000}));
    EXPECT_EQ(plan->ports[1]->map.start.read8(0x1c), 0x10);
    EXPECT_EQ(plan->ports[1]->functions[0].start().read32(0x10), 0x1001u);
}

TEST(RootPort, TellsTheLinkOfItsFunction) {
    const auto plan = make_plan(machine({nvme()}));  // x4 at 8 GT/s, payload 256

    ASSERT_TRUE(plan);
    const auto& space = plan->ports[0]->map.start;
    EXPECT_EQ(space.read32(0x4c), 0x01100043u);
    EXPECT_EQ(space.read16(0x52), 0x2043);
    EXPECT_EQ(space.read32(0x44), 0x00008001u);
    EXPECT_EQ(space.read32(0x6c), 0x0000000eu);
}

TEST(RootPort, IsAVersion2RootPortWithASlot) {
    const auto plan = make_plan(machine({nvme()}));

    ASSERT_TRUE(plan);
    const auto& space = plan->ports[0]->map.start;
    EXPECT_EQ(space.read32(0x00), 0x000c1b36u);
    EXPECT_EQ(space.read32(0x08) >> 8, 0x060400u);
    EXPECT_EQ(space.read16(0x42), 0x0142);
    EXPECT_EQ(space.read32(0x54) >> 19, 1u);
    EXPECT_EQ(space.read16(0x5a), 0x0040);
    EXPECT_EQ(space.read8(0x19), 1);
}

TEST(RootPort, SaysThatAnEmptySlotIsEmpty) {
    MachineRequest request;
    request.ports = {{.name = "spare"}};

    const auto plan = make_plan(request);

    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->ports[0]->map.start.read16(0x5a), 0x0000);
    EXPECT_EQ(plan->ports[0]->map.start.read16(0x52) & 0x2000, 0);
}

}  // namespace
}  // namespace tenon::model::machine
