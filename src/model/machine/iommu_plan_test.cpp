#include "model/machine/iommu_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/iommu/registers.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::machine {
namespace {

using chosen::ViommuMode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DeviceRequest device_in_group(unsigned group, std::uint64_t last_iova = ~0ull >> 16) {
    DeviceRequest request;
    request.facts.physical = support::ConfigBuilder{}.image();
    request.facts.group = device::GroupFacts{.number = group, .members = {}};
    request.facts.iommu.iova = std::vector{device::IovaRange{.first = 0, .last = last_iova}};
    return request;
}

MachinePlan plan_with(const chosen::VtdRequest& vtd, std::vector<DeviceRequest> devices = {}) {
    return *make_plan({.devices = std::move(devices), .physical_bits = 46u, .vtd = vtd});
}

std::string effect_of(const MachinePlan& plan, std::string_view name) {
    const auto found = std::ranges::find(plan.properties, name, &chosen::PropertyReport::name);
    return found == plan.properties.end() ? "" : found->effect;
}

TEST(IommuPlan, IsThereOnlyWhereItIsAskedFor) {
    EXPECT_EQ(make_plan({})->iommu, nullptr);
    EXPECT_NE(plan_with({}).iommu, nullptr);
}

TEST(IommuPlan, HasCachingModeAndInterruptRemapping) {
    const auto plan = plan_with({}, {device_in_group(1)});

    const auto& shape = plan.iommu->unit.shape;
    EXPECT_NE(shape.capability & 1u << 7, 0u);
    EXPECT_TRUE(shape.interrupt_remapping());
    EXPECT_THAT(effect_of(plan, "viommu-intremap"), HasSubstr("the IOAPIC is ours"));
    EXPECT_THAT(plan.problems, IsEmpty());
}

TEST(IommuPlan, KeepsTheIoapicOfKvmWhereNoInterruptIsRemapped) {
    const auto plan = plan_with({.interrupt_remapping = false}, {device_in_group(1)});

    EXPECT_FALSE(plan.iommu->unit.shape.interrupt_remapping());
    EXPECT_THAT(effect_of(plan, "viommu-intremap"), HasSubstr("as without it"));
    EXPECT_THAT(plan.problems, IsEmpty());
}

TEST(IommuPlan, TakesTablesOfPasidsWhereTheyAreAskedFor) {
    const auto plan = plan_with({.mode = ViommuMode::Scalable}, {device_in_group(1)});

    EXPECT_TRUE(plan.iommu->unit.shape.scalable());
    EXPECT_EQ(plan.iommu->unit.shape.pasid_width(), 0u);
    EXPECT_THAT(plan.problems, IsEmpty());
    EXPECT_THAT(effect_of(plan, "viommu-mode"), HasSubstr("tables of PASIDs"));
    for (const auto mode : {ViommuMode::Auto, ViommuMode::Legacy})
        EXPECT_FALSE(plan_with({.mode = mode}).iommu->unit.shape.scalable());
}

DeviceRequest device_with_pasids(unsigned width) {
    auto request = device_in_group(1);
    request.facts.iommu.pasid = device::PasidFacts{.width = width};
    return request;
}

TEST(IommuPlan, TakesThePasidsThatTheHostAttaches) {
    const auto plan = plan_with({}, {device_with_pasids(16)});

    EXPECT_TRUE(plan.iommu->unit.shape.scalable());
    EXPECT_EQ(plan.iommu->unit.shape.pasid_width(), 16u);
    EXPECT_EQ(plan.viommu_pasid_width, 16u);
    EXPECT_EQ(effect_of(plan, "viommu-pasid"), "16 bits: as many as the host attaches");
    EXPECT_THAT(plan.problems, IsEmpty());
}

TEST(IommuPlan, TakesAsManyPasidsAsAreAskedFor) {
    const auto plan = plan_with({.pasid_width = 8}, {device_with_pasids(16)});

    EXPECT_EQ(plan.iommu->unit.shape.pasid_width(), 8u);
    EXPECT_EQ(effect_of(plan, "viommu-pasid"), "8 bits: as asked for");
}

TEST(IommuPlan, HasNoPasidsWhereNobodyWantsThem) {
    const auto none = plan_with({.pasid_width = 0}, {device_with_pasids(16)});
    EXPECT_FALSE(none.iommu->unit.shape.scalable());
    EXPECT_EQ(effect_of(none, "viommu-pasid"), "none: as asked for");

    const auto legacy = plan_with({.mode = ViommuMode::Legacy}, {device_with_pasids(16)});
    EXPECT_EQ(legacy.iommu->unit.shape.pasid_width(), 0u);
    EXPECT_EQ(effect_of(legacy, "viommu-pasid"), "none: legacy tables name none");
}

TEST(IommuPlan, SaysWhyTheHostAttachesNoPasids) {
    auto by_group = device_with_pasids(16);
    by_group.access.interface = device::Interface::Group;

    EXPECT_EQ(effect_of(plan_with({}, {by_group}), "viommu-pasid"),
              "none: VFIO's group interface attaches no PASID");
    EXPECT_EQ(effect_of(plan_with({}, {device_with_pasids(0)}), "viommu-pasid"),
              "none: the host's IOMMU takes none of the functions");
    EXPECT_EQ(effect_of(plan_with({}), "viommu-pasid"), "none: no function could have any");
}

TEST(IommuPlan, RefusesPasidsThatCannotBeHad) {
    const auto none = plan_with({.pasid_width = 8}, {device_with_pasids(0)});
    ASSERT_EQ(none.problems.size(), 1u);
    EXPECT_THAT(none.problems.front().what, HasSubstr("takes none of the functions"));

    const auto legacy =
        plan_with({.mode = ViommuMode::Legacy, .pasid_width = 8}, {device_with_pasids(16)});
    ASSERT_EQ(legacy.problems.size(), 1u);
    EXPECT_THAT(legacy.problems.front().what, HasSubstr("legacy tables name none"));
}

TEST(IommuPlan, IsNoWiderThanTheNarrowestHostDomain) {
    const auto plan = plan_with(
        {}, {device_in_group(1), device_in_group(2, (1ull << 47) - 1), device_in_group(3)});

    EXPECT_EQ(plan.iommu->unit.shape.address_bits(), 47u);
    EXPECT_THAT(effect_of(plan, "viommu-aw"), HasSubstr("47 bits"));
}

TEST(IommuPlan, SaysWhereEachKeyCameFrom) {
    const auto plan = plan_with({.mode = ViommuMode::Legacy, .address_width = 39});

    std::vector<std::string> rows;
    for (const auto& row : plan.properties)
        rows.push_back(row.name + "=" + row.value + " " + std::string{name_of(row.origin)});
    EXPECT_THAT(
        rows, ElementsAre("viommu=vtd user", "viommu-mode=legacy user", "viommu-pasid=auto version",
                          "viommu-intremap=on version", "viommu-aw=39 user"));
}

// Behind a unit with NEST, SMTS, FSTS.
DeviceRequest device_of_nesting_host() {
    auto request = device_with_pasids(16);
    request.facts.iommu.vtd = device::VtdFacts{
        .capability = 1ull << 56, .extended_capability = 1ull << 26 | 1ull << 43 | 1ull << 47};
    return request;
}

TEST(IommuPlan, HasTheHostWalkTablesWhereItCan) {
    const auto plan = plan_with({}, {device_of_nesting_host()});

    EXPECT_EQ(plan.iommu->unit.shape.mode(), iommu::TableMode::Nested);
    EXPECT_EQ(plan.iommu->unit.shape.pasid_width(), 16u);
    EXPECT_EQ(effect_of(plan, "viommu-mode"),
              "first-stage tables of PASIDs, which the host's IOMMU walks, or legacy ones, as the "
              "guest chooses: the host nests tables");
    EXPECT_THAT(plan.problems, IsEmpty());

    const auto shadow = plan_with({.mode = ViommuMode::Scalable}, {device_of_nesting_host()});
    EXPECT_EQ(shadow.iommu->unit.shape.mode(), iommu::TableMode::Scalable);
}

// One that tells nothing, or has another unit, or is assigned by its group, is enough.
TEST(IommuPlan, HasTheHostWalkNoTablesWhereOneCannot) {
    auto by_group = device_of_nesting_host();
    by_group.access.interface = device::Interface::Group;
    auto without = device_of_nesting_host();
    without.facts.iommu.vtd = device::VtdFacts{.capability = 0, .extended_capability = 1ull << 43};
    for (auto other : {device_with_pasids(16), by_group, without}) {
        other.facts.group->number = 2;
        const auto plan = plan_with({}, {device_of_nesting_host(), other});
        EXPECT_NE(plan.iommu->unit.shape.mode(), iommu::TableMode::Nested);

        const auto asked =
            plan_with({.mode = ViommuMode::Nested}, {device_of_nesting_host(), other});
        ASSERT_EQ(asked.problems.size(), 1u);
        EXPECT_THAT(asked.problems.front().what, HasSubstr("walks no first-stage tables"));
        EXPECT_FALSE(asked.assignable());
    }
}

TEST(IommuPlan, RefusesFunctionsThatTheHostDoesNotTellApartAndTheGuestWould) {
    const auto plan = plan_with({}, {device_in_group(4), device_in_group(4)});

    ASSERT_EQ(plan.problems.size(), 1u);
    EXPECT_THAT(plan.problems.front().what, HasSubstr("dev0 and dev1 are in one IOMMU group"));
    EXPECT_THAT(plan.problems.front().remedy, HasSubstr("one slot for both"));
}

std::vector<DeviceRequest> two_in_one_slot(const pci::ConfigImage& second) {
    std::vector<DeviceRequest> devices{device_in_group(4), device_in_group(4)};
    devices[1].facts.physical = second;
    for (unsigned function = 0; function < 2; ++function) {
        devices[function].port = "slot";
        devices[function].function = function;
    }
    return devices;
}

TEST(IommuPlan, TakesFunctionsThatNobodyTellsApart) {
    const auto plan = plan_with({}, two_in_one_slot(support::ConfigBuilder{}.image()));

    EXPECT_THAT(plan.problems, IsEmpty());
}

// Of Access Control Services, 0x0d.
TEST(IommuPlan, RefusesFunctionsOfOneSlotThatTheGuestWouldTellApart) {
    const auto plan = plan_with(
        {},
        two_in_one_slot(
            support::ConfigBuilder{}.head(0x80).express(0x80, 0).extended(0x100, 0x0d, 0).image()));

    ASSERT_EQ(plan.problems.size(), 1u);
    EXPECT_THAT(plan.problems.front().what, HasSubstr("Access Control Services"));
}

TEST(IommuPlan, ReachesProcessorsThatNothingElseDoes) {
    MachineRequest request{.vcpus = 2, .apic_step = 300, .physical_bits = 46u};
    const auto alone = *make_plan(MachineRequest{request});
    request.vtd = chosen::VtdRequest{};
    const auto remapped = *make_plan(MachineRequest{request});
    request.vtd->interrupt_remapping = false;
    const auto unmapped = *make_plan(MachineRequest{request});

    ASSERT_EQ(alone.problems.size(), 1u);
    EXPECT_THAT(alone.problems.front().what, HasSubstr("the last processor has APIC id 300"));
    EXPECT_THAT(remapped.problems, IsEmpty());
    EXPECT_EQ(unmapped.problems.size(), 1u);
    EXPECT_THAT(make_plan({.vcpus = 255, .physical_bits = 46u})->problems, IsEmpty());
    EXPECT_EQ(make_plan({.vcpus = 2, .apic_step = 255, .physical_bits = 46u})->problems.size(), 1u);
}

TEST(IommuPlan, LeadsToMemoryAlone) {
    PeerPlan mapped{.state = PeerPlan::State::Mapped, .line = "mapped"};
    PeerPlan none{.state = PeerPlan::State::None, .line = "none"};

    restrict_to_memory(mapped);
    restrict_to_memory(none);

    EXPECT_EQ(mapped.state, PeerPlan::State::Partly);
    EXPECT_EQ(mapped.line, "mapped; of devices that the guest lets past its IOMMU alone");
    EXPECT_EQ(none, (PeerPlan{.state = PeerPlan::State::None, .line = "none"}));
}

// The host bridge gives none of these addresses to devices, nor is memory or ECAM there.
TEST(IommuPlan, HasItsRegistersWhereNothingElseIs) {
    const auto plan = *make_plan(
        {.memory = {.size = 8ull << 30}, .physical_bits = 46u, .vtd = chosen::VtdRequest{}});

    const auto is_inside = [](std::uint64_t base, std::uint64_t size) {
        return base <= IommuPlan::registers && IommuPlan::registers - base < size;
    };
    const auto& addresses = plan.addresses;
    EXPECT_FALSE(is_inside(addresses.memory32.base, addresses.memory32.size));
    EXPECT_FALSE(is_inside(addresses.memory64.base, addresses.memory64.size));
    EXPECT_FALSE(is_inside(addresses.ecam.base, 256ull << 20));
    for (const auto& part : plan.memory.parts)
        EXPECT_FALSE(is_inside(part.base, part.size));
}

MachineRequest by_groups(std::vector<device::Interface> interfaces) {
    MachineRequest request{.physical_bits = 46u, .vtd = chosen::VtdRequest{}};
    for (const unsigned group : {4u, 5u})
        request.devices.push_back(device_in_group(group));
    request.memory.size = 1ull << 30;
    request.limits = device::DmaLimits{.lock_limit = ~0ull, .entries = std::uint32_t{1000}};
    request.interfaces = std::move(interfaces);
    return request;
}

TEST(IommuPlan, SaysWhatTheGroupInterfaceCosts) {
    const auto plan = *make_plan(by_groups({device::Interface::Group}));

    EXPECT_THAT(plan.problems, IsEmpty());
    EXPECT_THAT(effect_of(plan, "viommu"),
                HasSubstr("locked once for each of 2 groups, a group that moves to other tables is "
                          "emptied and filled anew, and a guest's page table with more than 1000 "
                          "mappings"));
    ASSERT_EQ(plan.dma.size(), 1u);
    EXPECT_EQ(plan.dma.front().needed, 2ull << 30);
    EXPECT_EQ(unit_limits(plan.dma).shadow.mappings, 1000u);
}

TEST(IommuPlan, CountsMappingsForTheGroupInterfaceAlone) {
    const auto plan = *make_plan(by_groups({device::Interface::Iommufd}));

    EXPECT_EQ(effect_of(plan, "viommu"),
              "an IOMMU (Intel VT-d): a device reaches what the guest's driver maps for it");
    EXPECT_EQ(plan.dma.front().needed, 1ull << 30);
    EXPECT_EQ(unit_limits(plan.dma).shadow.mappings, iommu::UnitLimits{}.shadow.mappings);
}

TEST(IommuPlan, RefusesToMixInterfaces) {
    const auto plan = *make_plan(by_groups({device::Interface::Iommufd, device::Interface::Group}));

    ASSERT_EQ(plan.problems.size(), 1u);
    EXPECT_THAT(plan.problems.front().what, HasSubstr("needs one of them for all"));
}

TEST(IommuPlan, IsNoneWhereTheHostIsTooNarrow) {
    const auto plan = plan_with({}, {device_in_group(1, 0xffff'ffff)});

    EXPECT_EQ(plan.iommu, nullptr);
    ASSERT_EQ(plan.problems.size(), 1u);
    EXPECT_THAT(plan.problems.front().what, HasSubstr("addresses of 32 bits"));
}

}  // namespace
}  // namespace tenon::model::machine
