#include "model/machine/windows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "model/machine/arrival.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::machine {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kib = 1ull << 10;
constexpr std::uint64_t mib = 1ull << 20;
constexpr std::uint64_t gib = 1ull << 30;

// A function whose BAR 0 (64-bit, prefetchable) and BAR 2 (32-bit) have these sizes.
DeviceRequest device(std::uint64_t wide, std::uint64_t narrow, std::string port) {
    device::DeviceFacts facts;
    facts.source = "gpu";
    facts.physical = support::ConfigBuilder{}
                         .put32(0x10, 0x0000000c)
                         .put32(0x18, 0x00000000)
                         .head(0x80)
                         .express(0x80, 0)
                         .image();
    std::array<device::ResourceFacts, 7> resources{};
    resources[0] = {.size = wide, .flags = device::resource_memory | device::resource_prefetch};
    resources[2] = {.size = narrow, .flags = device::resource_memory};
    facts.resources = resources;
    return {.facts = std::move(facts), .port = std::move(port)};
}

MachinePlan plan(std::vector<chosen::PortRequest> ports, Known<unsigned> bits = 46u,
                 std::vector<DeviceRequest> devices = {}) {
    return make_plan({.ports = std::move(ports),
                      .devices = std::move(devices),
                      .memory = {.size = gib},
                      .physical_bits = std::move(bits)})
        .value();
}

TEST(Windows, OfAnEmptySlotHaveRoomForALargeGpu) {
    const auto made = plan({{.name = "rp0"}});

    EXPECT_THAT(made.problems, IsEmpty());
    const auto& port = *made.ports[0];
    EXPECT_EQ(port.memory.size, 32 * mib);
    EXPECT_EQ(port.prefetchable.size, 512 * gib);
    EXPECT_EQ(port.prefetchable.base % (512 * gib), 0u);
    EXPECT_EQ(port.io.size, 4 * kib);
    EXPECT_GE(made.addresses.memory64.end(), port.prefetchable.end());
}

TEST(Windows, OfManyEmptySlotsShareWhatThereIs) {
    std::vector<chosen::PortRequest> requests;
    for (int n = 0; n < 40; ++n)
        requests.push_back({.name = "rp" + std::to_string(n)});
    const auto made = plan(requests, 40u);

    EXPECT_THAT(made.problems, IsEmpty());
    EXPECT_EQ(made.ports[0]->memory.size, 4 * mib);
    EXPECT_EQ(made.ports[39]->memory.size, 4 * mib);
    EXPECT_EQ(made.ports[39]->prefetchable.size, 8 * gib);
    EXPECT_LE(made.ports[39]->prefetchable.end(), 1ull << 40);
    // I/O ports are enough for the first fifteen, and nobody needs them.
    EXPECT_EQ(made.ports[14]->io.size, 4 * kib);
    EXPECT_EQ(made.ports[39]->io.size, 0u);
}

TEST(Windows, AreAsTheUserSays) {
    const auto made = plan({{.name = "rp0", .memory = 64 * mib, .prefetchable = 3 * gib}});

    EXPECT_EQ(made.ports[0]->memory.size, 64 * mib);
    EXPECT_EQ(made.ports[0]->prefetchable.size, 3 * gib);
    EXPECT_EQ(plan({{.name = "rp0", .memory = 0, .prefetchable = 0}}).ports[0]->memory.size, 0u);
}

TEST(Windows, WithoutHotPlugReserveNothing) {
    const auto made = plan({{.name = "rp0", .hotplug = false}});

    EXPECT_EQ(made.ports[0]->memory.size, 0u);
    EXPECT_EQ(made.ports[0]->prefetchable.size, 0u);
    EXPECT_EQ(made.ports[0]->io.size, 0u);
}

TEST(Windows, ThatTheUserWantsAndCannotHaveAreAProblem) {
    const auto made = plan({{.name = "rp0", .prefetchable = 1024 * gib}}, 40u);

    ASSERT_THAT(made.problems, SizeIs(1));
    EXPECT_THAT(made.problems[0].what, HasSubstr("port rp0 reserves 1 TiB"));
}

TEST(Windows, OfASizeAreCheckedAgainstBars) {
    const auto fits = plan({{.name = "rp0", .memory = 2 * mib, .prefetchable = 4 * gib}}, 46u,
                           {device(4 * gib, mib, "rp0")});
    EXPECT_THAT(fits.problems, IsEmpty());
    EXPECT_EQ(fits.ports[0]->prefetchable.size, 4 * gib);
    EXPECT_EQ(fits.ports[0]->memory.size, 2 * mib);

    const auto small = plan({{.name = "rp0", .memory = 2 * mib, .prefetchable = gib}}, 46u,
                            {device(4 * gib, mib, "rp0")});
    ASSERT_THAT(small.problems, SizeIs(1));
    EXPECT_THAT(small.problems[0].what, HasSubstr("BAR 0 of gpu behind rp0 needs 4 GiB"));
    EXPECT_THAT(small.problems[0].what, HasSubstr("is 1 GiB by pref64="));
}

RunningMachine running(const MachinePlan& plan) { return {.plan = plan, .ports = plan.ports}; }

TEST(Arrival, PlacesBarsInsideThePortsWindows) {
    const auto made = plan({{.name = "rp0"}, {.name = "rp1", .prefetchable = 8 * gib}});
    auto request = device(4 * gib, mib, "rp1");
    request.facts.origin = device::Origin::Live;
    request.facts.driver = std::string{"vfio-pci"};
    request.facts.group = device::GroupFacts{.number = 1};

    const auto arrival = plan_arrival(running(made), std::move(request));

    ASSERT_TRUE(arrival) << arrival.error().what;
    EXPECT_EQ(arrival->port, 1u);
    EXPECT_EQ(arrival->number, 0u);
    const auto& function = arrival->plan->functions.at(0);
    EXPECT_EQ(function.view.id, "dev0");
    EXPECT_EQ(function.bar_address[0], made.ports[1]->prefetchable.base);
    EXPECT_EQ(function.bar_address[2], made.ports[1]->memory.base);
    EXPECT_EQ(arrival->plan->prefetchable, made.ports[1]->prefetchable);
    EXPECT_EQ(arrival->plan->map.start.read16(0x5a), 0x0040);
}

TEST(Arrival, ThatDoesNotFitIsRefusedWithWhatWould) {
    const auto made = plan({{.name = "rp0", .prefetchable = gib}});

    const auto arrival = plan_arrival(running(made), device(4 * gib, mib, ""));

    ASSERT_FALSE(arrival);
    EXPECT_THAT(arrival.error().what, HasSubstr("dev0: "));
}

TEST(Arrival, WithoutAnEmptySlotIsRefused) {
    const auto made = plan({{.name = "rp0", .hotplug = false}});

    const auto arrival = plan_arrival(running(made), device(4 * gib, mib, ""));

    ASSERT_FALSE(arrival);
    EXPECT_EQ(arrival.error().kind, Error::Kind::NotFound);
    EXPECT_THAT(arrival.error().hint, HasSubstr("--port"));
}

}  // namespace
}  // namespace tenon::model::machine
