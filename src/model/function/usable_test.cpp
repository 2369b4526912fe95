#include "model/function/usable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/machine/machine_plan.hpp"
#include "pci/capability.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using machine::MachineRequest;

constexpr auto no_use = "shown, of no use: the guest has no IOMMU";

// ATS at 0x100, and room behind it for a PASID capability.
device::DeviceFacts facts(const Known<bool>& ats) {
    device::DeviceFacts facts;
    facts.physical =
        support::ConfigBuilder{}.head(0x80).express(0x80, 0).extended(0x100, 0x0f, 0).image();
    facts.iommu.ats = ats;
    facts.iommu.pasid = device::PasidFacts{.width = 20};
    facts.iommu.iova = std::vector{device::IovaRange{.first = 0, .last = (1ull << 48) - 1}};
    return facts;
}

std::string effect(MachineRequest request, std::string_view name, const Known<bool>& ats = true) {
    machine::DeviceRequest device;
    device.facts = facts(ats);
    request.devices.push_back(std::move(device));
    const auto plan = machine::make_plan(std::move(request)).value();
    const auto& rows = plan.ports.front()->functions.front().view.properties;
    const auto row = std::ranges::find(rows, name, &chosen::PropertyReport::name);
    return row == rows.end() ? "" : row->effect;
}

MachineRequest with_unit() { return {.physical_bits = 46u, .vtd = chosen::VtdRequest{}}; }

TEST(UsableCapabilities, AreOfNoUseWithoutAnIommuOfTheGuest) {
    EXPECT_EQ(effect({}, "ats"), no_use);
    EXPECT_EQ(effect({}, "ats", Unknown{"nobody asked"}), no_use);
    EXPECT_EQ(effect({}, "pasid"), "not shown: the guest has no IOMMU that takes PASIDs");
}

TEST(UsableCapabilities, DependOnAnIommuThatOthersBuild) {
    EXPECT_EQ(effect({.viommu_pasid_width = 16}, "ats"),
              "shown, usable where the guest's IOMMU, which others build, takes it");
    EXPECT_EQ(effect({.viommu_pasid_width = 16}, "pasid"),
              "shown at 0xff8, 16 bits: the smaller of the host's 20 and the guest's 16; usable "
              "where the guest's IOMMU, which others build, takes PASIDs");
}

TEST(UsableCapabilities, LetAtsBeUsedThroughTheUnit) {
    EXPECT_EQ(effect(with_unit(), "ats"),
              "shown, usable through the guest's IOMMU (vtd): the host's answers the device by "
              "what the guest maps, and empties its cache when that goes");
    EXPECT_TRUE(
        effect(with_unit(), "ats", Unknown{"nobody asked"}).ends_with(", if the host has ATS on"));
}

TEST(UsableCapabilities, HideThePasidThatLegacyTablesDoNotName) {
    auto request = with_unit();
    request.vtd->mode = chosen::ViommuMode::Legacy;

    EXPECT_EQ(effect(std::move(request), "pasid"),
              "not shown: the guest's IOMMU (vtd) has legacy tables, which name no PASIDs");
}

TEST(UsableCapabilities, HideThePasidThatTheUnitDoesNotTake) {
    auto request = with_unit();
    request.vtd->mode = chosen::ViommuMode::Scalable;
    request.vtd->pasid_width = 0;

    EXPECT_EQ(effect(std::move(request), "pasid"),
              "not shown: the guest's IOMMU (vtd) takes none: viommu-pasid says why");
}

TEST(UsableCapabilities, LetPasidsBeUsedThroughTheUnit) {
    EXPECT_THAT(effect(with_unit(), "pasid"),
                testing::EndsWith("usable through the guest's IOMMU (vtd): requests with a PASID "
                                  "reach what the guest's tables of that PASID map"));
}

TEST(UsableCapabilities, AreOfNoUseWhereTheHostKeepsThemOff) {
    FunctionView view;
    view.capabilities = {{.list = chosen::CapabilityList::Extended,
                          .id = pci::extended_id::ats,
                          .guest_offset = 0x100}};
    view.properties = {{.name = "ats", .effect = "shown"}};

    say_what_is_usable(GuestIommu::Legacy, false, view);

    EXPECT_EQ(view.properties.front().effect, "shown, of no use: the host's kernel keeps it off");
}

TEST(UsableCapabilities, SayNothingOfWhatIsHidden) {
    FunctionView view;
    view.capabilities = {{.list = chosen::CapabilityList::Extended, .id = pci::extended_id::ats}};
    view.properties = {{.name = "ats", .effect = "hidden"},
                       {.name = "pasid", .effect = "not shown"}};

    say_what_is_usable(GuestIommu::None, true, view);

    EXPECT_EQ(view.properties[0].effect, "hidden");
    EXPECT_EQ(view.properties[1].effect, "not shown");
}

}  // namespace
}  // namespace tenon::model::function
