// Literals are those of VIRTIO 1.2, 4.1.2 and 4.1.4, and of PCIe Base Spec 6.0, 7.5.
#include "model/virtio/facts.hpp"

#include <gtest/gtest.h>

#include "model/function/function_view.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::model::virtio {
namespace {

const Backend disk{.socket = "/run/disk",
                   .file = {},
                   .type = 2,
                   .queues = 3,
                   .queue_size = 256,
                   .config_size = 60};

pci::ConfigImage config_of(const Backend& backend) { return make_facts(backend).vfio->config; }

TEST(VirtioFacts, SayWhoTheDeviceIs) {
    const auto config = config_of(disk);

    EXPECT_EQ(config.read32(0x00), 0x1042'1af4u);
    EXPECT_EQ(config.read32(0x08), 0x0100'0001u);
    EXPECT_EQ(config.read32(0x2c), 0x1100'1af4u);
    EXPECT_EQ(config.read8(0x3d), 0u);  // No interrupt pin.
}

TEST(VirtioFacts, HaveANetworkDevicesClass) {
    const auto config = config_of({.socket = "", .type = 1, .queues = 2, .queue_size = 256});

    EXPECT_EQ(config.read16(0x02), 0x1041u);
    EXPECT_EQ(config.read32(0x08) >> 8, 0x020000u);
}

TEST(VirtioFacts, HaveOnePrefetchableBarOf64Bits) {
    const auto facts = make_facts(disk);

    EXPECT_EQ(facts.vfio->config.read32(0x10), 0x0000'000cu);
    EXPECT_EQ(facts.vfio->regions[0].size, 0x8000u);
    EXPECT_FALSE(facts.vfio->regions[0].mappable);
}

TEST(VirtioFacts, HaveAVectorForEachQueueAndTheConfiguration) {
    const auto facts = make_facts(disk);

    EXPECT_EQ(facts.vfio->config.read32(0x80), 0x0003'9011u);  // Next, id; table size less one.
    EXPECT_EQ(facts.vfio->config.read32(0x84), 0x4000u);
    EXPECT_EQ(facts.vfio->config.read32(0x88), 0x5000u);
    EXPECT_EQ(facts.vfio->irqs[2].count, 4u);
}

// cap_vndr, cap_next, cap_len, cfg_type; bar; offset; length; and what some have behind.
TEST(VirtioFacts, PointToEachStructure) {
    const auto config = config_of(disk);

    EXPECT_EQ(config.read32(0x90), 0x0110'a009u);
    EXPECT_EQ(config.read32(0x98), 0x0000u);
    EXPECT_EQ(config.read32(0x9c), 56u);
    EXPECT_EQ(config.read32(0xa0), 0x0310'b009u);
    EXPECT_EQ(config.read32(0xa8), 0x1000u);
    EXPECT_EQ(config.read32(0xac), 1u);
    EXPECT_EQ(config.read32(0xb0), 0x0410'c009u);
    EXPECT_EQ(config.read32(0xb8), 0x2000u);
    EXPECT_EQ(config.read32(0xbc), 256u);
    EXPECT_EQ(config.read32(0xc0), 0x0214'd409u);
    EXPECT_EQ(config.read32(0xc8), 0x3000u);
    EXPECT_EQ(config.read32(0xcc), 12u);
    EXPECT_EQ(config.read32(0xd0), 4u);  // notify_off_multiplier
    EXPECT_EQ(config.read32(0xd4), 0x0514'0009u);
}

TEST(VirtioFacts, AreAnEndpointOfPciExpress) {
    const auto config = config_of(disk);

    EXPECT_EQ(config.read32(0x40), 0x0002'8010u);
    EXPECT_EQ(config.read32(0x44), 0x8000u);
    EXPECT_EQ(config.read32(0x4c), 0x11u);
    EXPECT_EQ(config.read16(0x52), 0x11u);
    EXPECT_EQ(config.read32(0x6c), 0x2u);
}

TEST(VirtioPlan, TakesAProcessAsAFunctionWithoutAHost) {
    machine::MachineRequest request{.memory = {.size = 256 << 20}};
    request.devices.resize(1);
    request.devices[0].facts = make_facts(disk);
    request.devices[0].backend = disk;

    const auto plan = machine::make_plan(std::move(request));

    ASSERT_TRUE(plan) << to_string(plan.error());
    EXPECT_TRUE(plan->assignable());
    const auto& function = plan->ports.at(0)->functions.at(0);
    EXPECT_EQ(function.view.host, "vhost-user:/run/disk");
    EXPECT_TRUE(function.view.unknowns.empty()) << function.view.unknowns[0];
    EXPECT_TRUE(function.view.warnings.empty()) << function.view.warnings[0];
    EXPECT_EQ(function.backend, disk);
    EXPECT_GE(function.bar_address[0], std::uint64_t{1} << 32);
    ASSERT_TRUE(function.view.msix);
    EXPECT_EQ(function.view.msix->vectors, 4u);
    EXPECT_FALSE(plan->peers);
    EXPECT_EQ(function.view.atomics.why, "a process sends no AtomicOps, and completes none");
}

}  // namespace
}  // namespace tenon::model::virtio
