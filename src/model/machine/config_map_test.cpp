#include "model/machine/config_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::machine {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;

// PCI Express at 40 to 73, AER at 100 to 12b, SR-IOV (hidden) at 140, a stray register at 300.
slot::FunctionPlan plan_of(const ConfigBuilder& config) {
    MachineRequest request;
    request.devices.push_back({});
    request.devices.back().facts.physical = config.image();
    return make_plan(std::move(request)).value().ports.front()->functions.front();
}

ConfigBuilder device() {
    return ConfigBuilder{}
        .head(0x40)
        .express(0x40, 0)
        .extended(0x100, 0x01, 0x140)
        .extended(0x140, 0x10, 0)
        .put32(0x300, 0x00010000)
        .put32(0x304, 1);
}

const ConfigCell& at(const ConfigMap& map, std::size_t offset) { return map.cells[offset / 4]; }

TEST(ConfigMap, TellsOwnersOfTheHost) {
    const auto map = map_config(plan_of(device()));

    EXPECT_EQ(at(map, 0x00).owner, pci::OwnerKind::Header);
    EXPECT_EQ(at(map, 0x40).owner, pci::OwnerKind::Capability);
    EXPECT_EQ(at(map, 0x40).decision, 0u);
    EXPECT_EQ(at(map, 0x74).owner, pci::OwnerKind::Zero);
    EXPECT_EQ(at(map, 0x140).decision, 2u);
    EXPECT_EQ(at(map, 0x300).owner, pci::OwnerKind::NonZero);
}

TEST(ConfigMap, TellsWhatTheGuestGets) {
    const auto map = map_config(plan_of(device()));

    EXPECT_EQ(at(map, 0x00).guest, GuestAccess::Ours);
    EXPECT_EQ(at(map, 0x44).guest, GuestAccess::Device);
    EXPECT_EQ(at(map, 0x48).guest, GuestAccess::Mixed);  // Device Control: the reset bit is ours
    EXPECT_EQ(at(map, 0x100).guest, GuestAccess::Ours);  // its place in the list
    EXPECT_EQ(at(map, 0x104).guest, GuestAccess::Device);
    EXPECT_EQ(at(map, 0x144).guest, GuestAccess::Hidden);
    EXPECT_EQ(at(map, 0x300).guest, GuestAccess::ReadOnly);
    EXPECT_EQ(at(map, 0x800).guest, GuestAccess::Nothing);
}

TEST(ConfigMap, JoinsStrayRegistersThatTouch) {
    EXPECT_THAT(map_config(plan_of(device())).strays,
                ElementsAre(ConfigRange{.first = 0x300, .last = 0x307}));
}

TEST(ConfigMap, DoesNotGuessWhatWasNotRead) {
    const auto map = map_config(plan_of(ConfigBuilder{256}));

    EXPECT_EQ(at(map, 0x100).owner, pci::OwnerKind::NotRead);
    EXPECT_EQ(at(map, 0x100).guest, GuestAccess::Absent);
}

TEST(ConfigMap, ShowsNothingToAGuestOfABridge) {
    const auto map = map_config(plan_of(device().put8(0x0e, 0x01)));

    EXPECT_EQ(at(map, 0x44).guest, GuestAccess::Absent);
    EXPECT_EQ(at(map, 0x40).owner, pci::OwnerKind::Capability);
}

}  // namespace
}  // namespace tenon::model::machine
