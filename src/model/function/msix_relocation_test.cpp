#include "model/function/msix_relocation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/machine/machine_plan.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using Mode = chosen::MsixRelocation::Mode;

// BAR 0 of 16 KiB (64-bit) with the table at 0x2000 and the pending bits at 0x3000; 8 vectors.
device::DeviceFacts facts() {
    device::DeviceFacts facts{"test"};
    facts.physical = support::ConfigBuilder{}
                         .put32(0x10, 0xfe800004)
                         .head(0x80)
                         .express(0x80, 0xc0)
                         .msix(0xc0, 0)
                         .image();
    std::array<device::ResourceFacts, device::bar_count + 1> resources{};
    resources[0] = {.size = 0x4000, .flags = device::resource_memory | device::resource_64bit};
    facts.resources = resources;
    return facts;
}

FunctionView view_with(chosen::MsixRelocation relocation) {
    machine::MachineRequest request;
    request.devices.push_back({.facts = facts(), .keys = {.msix_relocation = relocation}});
    return machine::make_plan(std::move(request)).value().ports[0]->functions[0].view;
}

TEST(MsixRelocation, LeavesTheTableWhereItIsUnlessAsked) {
    const auto view = view_with({});

    EXPECT_EQ(view.msix->table_offset, 0x2000u);
    EXPECT_EQ(view.bars[0].mapped, (std::vector<device::MmapArea>{{.offset = 0, .size = 0x2000}}));
}

TEST(MsixRelocation, MovesTheTableToAnUnusedBarAndMapsAllOfTheDevices) {
    const auto view = view_with({.mode = Mode::Auto});

    ASSERT_EQ(view.bars.size(), 2u);
    EXPECT_EQ(view.bars[0].mapped, (std::vector<device::MmapArea>{{.offset = 0, .size = 0x4000}}));
    EXPECT_EQ(view.bars[1].index, 2u);
    EXPECT_EQ(view.bars[1].device_bytes, 0u);
    EXPECT_TRUE(view.bars[1].mapped.empty());
    EXPECT_EQ(view.msix->table_bar, 2u);
    // Table Offset/BIR and PBA Offset/BIR as the guest reads them: 8 entries of 16 bytes.
    EXPECT_EQ(view.map.start.read32(0xc4), 0x00000002u);
    EXPECT_EQ(view.map.start.read32(0xc8), 0x00000082u);
    EXPECT_EQ(view.msix->device_pba, (MsixPlan::Place{.bar = 0, .offset = 0x3000}));
}

TEST(MsixRelocation, DoublesABarThatIsInUse) {
    const auto view = view_with({.mode = Mode::Bar, .bar = 0});

    EXPECT_EQ(*view.bars[0].size, 0x8000u);
    EXPECT_EQ(view.bars[0].device_bytes, 0x4000u);
    EXPECT_EQ(view.bars[0].mapped, (std::vector<device::MmapArea>{{.offset = 0, .size = 0x4000}}));
    EXPECT_EQ(view.msix->table_offset, 0x4000u);
    EXPECT_EQ(view.map.rules32(0x10).writable, 0xffff8000u);
}

TEST(MsixRelocation, RefusesAPlaceThatIsNone) {
    const auto view = view_with({.mode = Mode::Bar, .bar = 1});

    EXPECT_FALSE(view.assignable);
    ASSERT_FALSE(view.reasons.empty());
    EXPECT_EQ(view.reasons[0].what,
              "its MSI-X table cannot be moved as asked: BAR 1 is the upper half of BAR 0");
}

TEST(InterruptBudget, SaysWhatKvmAndTheHostCannotGive) {
    machine::MachineRequest request;
    request.processors = 1;
    request.files = 4200;
    auto device = facts();
    device.physical =
        support::ConfigBuilder{}.put32(0x10, 0xfe800004).head(0xc0).msix(0xc0, 0, 256).image();
    for (int n = 0; n < 16; ++n)
        request.devices.push_back({.facts = device});

    const auto plan = machine::make_plan(std::move(request)).value();

    EXPECT_EQ(plan.interrupts.vectors, 4096u);
    EXPECT_EQ(*plan.interrupts.host, 200u);
    EXPECT_EQ(plan.interrupts.warnings.size(), 3u);
}

}  // namespace
}  // namespace tenon::model::function
