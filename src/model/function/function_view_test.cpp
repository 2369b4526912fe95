#include "model/function/function_view.hpp"
#include "device/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using support::ConfigBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Facts of a dump: the hardware's bytes and the size of BAR 0, nothing else.
device::DeviceFacts dump(const ConfigBuilder& config) {
    device::DeviceFacts facts;
    facts.source = "nvme.lspci";
    facts.physical = config.image();
    std::array<device::ResourceFacts, 7> resources{};
    resources[0] = {.size = 0x4000, .flags = device::resource_memory | device::resource_64bit};
    facts.resources = resources;
    return facts;
}

ConfigBuilder nvme() {
    return ConfigBuilder{}
        .put32(0x10, 0xfe800004)
        .head(0x40)
        .standard(0x40, 0x01, 0x80)
        .express(0x80, 0xc0)
        .msix(0xc0, 0)
        .extended(0x100, 0x01, 0x148)
        .extended(0x148, 0x10, 0x190)
        .extended(0x190, 0x03, 0);
}

std::vector<std::string> shown(const FunctionView& view) {
    std::vector<std::string> names;
    for (const auto& decision : view.capabilities)
        if (decision.guest_offset) names.push_back(decision.name);
    return names;
}

const chosen::Decision& decision_of(const FunctionView& view, chosen::CapabilityList list,
                                    std::uint16_t id) {
    const auto found =
        std::ranges::find_if(view.capabilities, [&](const chosen::Decision& decision) {
            return decision.list == list && decision.id == id;
        });
    EXPECT_NE(found, view.capabilities.end());
    return *found;
}

TEST(FunctionView, KeepsTheOrderOfTheDeviceAndDropsWhatIsHidden) {
    const auto view = build_function_view(dump(nvme()));

    EXPECT_TRUE(view.assignable);
    EXPECT_THAT(shown(view), ElementsAre("Power Management", "PCI Express", "MSI-X",
                                         "Advanced Error Reporting", "Device Serial Number"));
    // 0x100 links past SR-IOV to the serial number.
    EXPECT_EQ(view.map.start.read32(0x100), 0x19010001u);
    EXPECT_EQ(view.map.start.read32(0x190), 0x00010003u);
}

TEST(FunctionView, HidesBytesThatTheDeviceShowsNowhere) {
    auto config = nvme().put32(0x154, 0x12345678);  // inside SR-IOV

    const auto view = build_function_view(dump(config));

    EXPECT_EQ(view.map.start.read32(0x154), 0u);
    EXPECT_EQ(view.map.rules32(0x154).ours, 0xffffffffu);
    EXPECT_EQ(view.map.rules32(0x154).passed, 0u);
    EXPECT_EQ(decision_of(view, chosen::CapabilityList::Extended, 0x10).size, 0x40);
}

TEST(FunctionView, PutsANullCapabilityWhereTheFirstOneIsHidden) {
    auto config = nvme().extended(0x100, 0x10, 0x148).extended(0x148, 0x01, 0);

    const auto view = build_function_view(dump(config));

    const auto& null = decision_of(view, chosen::CapabilityList::Extended, 0x00);
    EXPECT_EQ(null.action, chosen::Action::Emulate);
    EXPECT_EQ(null.host_offset, std::nullopt);
    EXPECT_EQ(null.guest_offset, 0x100);
    EXPECT_EQ(view.map.start.read32(0x100), 0x14800000u);
}

TEST(FunctionView, LeavesNoExtendedListWhereEveryEntryIsHidden) {
    auto config = nvme().extended(0x100, 0x10, 0);

    const auto view = build_function_view(dump(config));

    EXPECT_EQ(view.map.start.read32(0x100), 0u);
    EXPECT_THAT(shown(view), ElementsAre("Power Management", "PCI Express", "MSI-X"));
}

TEST(FunctionView, HasNoExtendedListWithoutAnExpressCapability) {
    auto config = ConfigBuilder{}.head(0x40).msix(0x40, 0).extended(0x100, 0x01, 0);
    config.put32(0x10, 0xfe800004);

    const auto view = build_function_view(dump(config));

    EXPECT_EQ(view.config_size, 256u);
    EXPECT_EQ(view.map.rules32(0x100).ours, 0xffffffffu);
    EXPECT_EQ(view.map.start.read32(0x100), 0u);
    EXPECT_THAT(view.warnings, ElementsAre(HasSubstr("there is no PCI Express capability")));
}

TEST(FunctionView, TellsThatSixtyFourBytesLeaveCapabilitiesUnknown) {
    auto config = ConfigBuilder{64}.head(0x40).put32(0x10, 0xfe800004);

    const auto view = build_function_view(dump(config));

    EXPECT_TRUE(view.assignable);
    EXPECT_THAT(view.capabilities, IsEmpty());
    EXPECT_THAT(view.unknowns, testing::Contains(HasSubstr("only the first 64 bytes")));
    EXPECT_EQ(view.config_size, 64u);
    // The pointer and the Status bit say that there is a list.
    EXPECT_EQ(view.map.start.read8(0x34), 0x40);
    EXPECT_EQ(view.map.start.read16(0x06), 0x0010);
}

TEST(FunctionView, TellsThatADumpEndsAmongCapabilities) {
    const auto conventional =
        build_function_view(dump(ConfigBuilder{0x90}.head(0x40).msix(0x40, 0)));
    EXPECT_THAT(conventional.unknowns, testing::Contains(HasSubstr("only the first 144 bytes")));

    const auto extended =
        build_function_view(dump(ConfigBuilder{0x110}.head(0x80).express(0x80, 0)));
    EXPECT_THAT(extended.unknowns,
                testing::Contains(HasSubstr("extended capabilities: only the first 272 bytes")));
}

TEST(FunctionView, RefusesIdsOfZero) {
    const auto view = build_function_view(dump(ConfigBuilder{256}.put32(0, 0)));

    EXPECT_FALSE(view.assignable);
    EXPECT_THAT(view.reasons.at(0).what, HasSubstr("read as zero"));
}

TEST(FunctionView, ListsTheCapabilitiesOfABridgeThoughItIsNeverAssigned) {
    auto config = nvme().put8(0x0e, 0x01).express(0x80, 0xc0, 4);

    const auto view = build_function_view(dump(config));

    EXPECT_FALSE(view.guest_view);
    EXPECT_FALSE(view.assignable);
    EXPECT_THAT(view.reasons, SizeIs(1));
    EXPECT_THAT(view.reasons[0].what, HasSubstr("PCI bridge"));
    EXPECT_THAT(view.capabilities, SizeIs(6));
    EXPECT_THAT(shown(view), IsEmpty());
}

TEST(FunctionView, MakesAnIntegratedEndpointAnEndpointWithALink) {
    auto config = nvme().express(0x80, 0xc0, 9).put32(0x8c, 0).put16(0x92, 0);

    const auto view = build_function_view(dump(config));

    EXPECT_EQ(view.map.start.read16(0x82), 0x0002);
    EXPECT_EQ(view.map.start.read32(0x8c), 0x00000011u);
    EXPECT_EQ(view.map.start.read16(0x92), 0x0011);
    EXPECT_EQ(decision_of(view, chosen::CapabilityList::Standard, 0x10).action,
              chosen::Action::Emulate);
}

TEST(FunctionView, RefusesADeadDevice) {
    device::DeviceFacts facts;
    pci::ConfigImage ones{4096};
    std::ranges::fill(ones.bytes(), std::byte{0xff});
    facts.physical = ones;

    const auto view = build_function_view(facts);

    EXPECT_FALSE(view.assignable);
    EXPECT_THAT(view.reasons[0].what, HasSubstr("every register reads as ones"));
}

TEST(Msix, TrapsThePagesOfTableAndPendingBits) {
    const auto view = build_function_view(dump(nvme()));

    ASSERT_THAT(view.bars, SizeIs(1));
    EXPECT_THAT(view.bars[0].mapped, ElementsAre(device::MmapArea{.offset = 0, .size = 0x2000}));
    ASSERT_TRUE(view.msix);
    EXPECT_EQ(view.msix->vectors, 8);
    EXPECT_EQ(view.msix->table_offset, 0x2000u);
}

TEST(Msix, StartsOffWithItsEnableBitOpenToTheGuest) {
    const auto view = build_function_view(dump(nvme().put16(0xc2, 0x8007)));

    EXPECT_EQ(view.map.start.read16(0xc2), 0x0007);
    EXPECT_EQ(view.map.rules16(0xc2).writable, 0xc000);
    EXPECT_EQ(view.map.rules16(0xc2).passed, 0x0000);
}

std::vector<std::string> reasons_of(const FunctionView& view) {
    std::vector<std::string> texts;
    for (const auto& reason : view.reasons)
        texts.push_back(reason.what);
    return texts;
}

TEST(Msix, IsRefusedWhereItsTableLeavesTheBar) {
    const auto view = build_function_view(dump(nvme().put32(0xc4, 0x3ff8)));

    EXPECT_FALSE(view.msix);
    EXPECT_THAT(shown(view), testing::Not(testing::Contains("MSI-X")));
    EXPECT_FALSE(view.assignable);
    EXPECT_THAT(reasons_of(view), testing::Contains(HasSubstr("leaves BAR 0 of 0x4000 bytes")));
}

TEST(Msix, IsRefusedWhereItNamesABarThatIsNotThere) {
    const auto view = build_function_view(dump(nvme().put32(0xc8, 0x3007)));

    EXPECT_FALSE(view.msix);
    EXPECT_THAT(reasons_of(view), testing::Contains(HasSubstr("BAR 7")));
}

TEST(Msix, IsRefusedWhereItsStructuresOverlap) {
    const auto view = build_function_view(dump(nvme().put32(0xc8, 0x2010)));

    EXPECT_THAT(reasons_of(view), testing::Contains(HasSubstr("overlap")));
}

TEST(Msix, IsKeptWhereADumpDoesNotTellTheBars) {
    // A virtual function: its BARs read as zero.
    auto facts = dump(nvme().put32(0x10, 0).put32(0xc4, 0x2004).put32(0xc8, 0x3004));
    facts.resources = Unknown{"a dump does not tell"};

    const auto view = build_function_view(facts);

    EXPECT_TRUE(view.msix);
    EXPECT_THAT(shown(view), testing::Contains("MSI-X"));
}

TEST(Msi, IsAllOurs) {
    auto config = ConfigBuilder{}.head(0x50).standard(0x50, 0x05, 0).put16(0x52, 0x018b);

    const auto view = build_function_view(dump(config));

    ASSERT_TRUE(view.msi);
    EXPECT_EQ(view.msi->vectors, 32);
    EXPECT_EQ(view.map.start.read16(0x52), 0x018a);
    EXPECT_EQ(view.map.rules16(0x52).writable, 0x0071);
    EXPECT_EQ(view.map.rules32(0x54).writable, 0xfffffffcu);
    EXPECT_EQ(view.map.rules32(0x58).writable, 0xffffffffu);
    EXPECT_EQ(view.map.rules16(0x5c).writable, 0xffff);
    EXPECT_EQ(view.map.rules32(0x60).writable, 0xffffffffu);
    EXPECT_EQ(view.map.rules32(0x50).passed, 0u);
}

TEST(ResizableBar, OffersThePresentSizeAlone) {
    // BAR 0 of 256 MiB (8), sizes up to 16 GiB on offer.
    auto config = nvme().extended(0x190, 0x15, 0).put32(0x194, 0x0007ff00).put32(0x198, 0x00000820);

    const auto view = build_function_view(dump(config));

    EXPECT_EQ(view.map.start.read32(0x194), 1u << 12);
    EXPECT_EQ(view.map.start.read32(0x198), 0x00000820u);
    EXPECT_EQ(view.map.rules32(0x198).writable, 0u);
    EXPECT_EQ(view.map.rules32(0x198).passed, 0u);
}

TEST(Header, GivesTheGuestBarsWithoutAddress) {
    const auto view = build_function_view(dump(nvme()));

    EXPECT_EQ(view.map.start.read32(0x10), 0x00000004u);
    EXPECT_EQ(view.map.rules32(0x10).writable, 0xffffc000u);
    EXPECT_EQ(view.map.rules32(0x14).writable, 0xffffffffu);
    EXPECT_EQ(view.map.rules32(0x10).passed, 0u);
    EXPECT_EQ(view.map.start.read16(0x04), 0u);
}

TEST(Assignability, NamesTheDriverAndTheCommandsThatMendIt) {
    auto facts = dump(nvme());
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.bus = 1};
    facts.driver = std::string{"nvme"};
    facts.group = device::GroupFacts{.number = 14};

    const auto view = build_function_view(facts);

    EXPECT_FALSE(view.assignable);
    ASSERT_THAT(view.reasons, SizeIs(1));
    EXPECT_EQ(view.reasons[0].what, "it is bound to the host driver nvme, not to vfio-pci");
    EXPECT_EQ(view.reasons[0].remedy, "");
    EXPECT_EQ(view.reasons[0].commands, device::bind_commands({.bus = 1}, "nvme"));
}

TEST(Assignability, NamesEachMemberThatKeepsTheGroup) {
    auto facts = dump(nvme());
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.bus = 1};
    facts.driver = std::string{"vfio-pci"};
    facts.group = device::GroupFacts{
        .number = 14,
        .members = {{.address = {.bus = 1, .function = 1}, .driver = "snd_hda_intel"},
                    {.address = {.bus = 0, .device = 1}, .driver = "pcieport", .is_bridge = true},
                    {.address = {.bus = 1, .function = 2}, .driver = ""}}};

    const auto view = build_function_view(facts);

    ASSERT_THAT(view.reasons, SizeIs(1));
    EXPECT_THAT(view.reasons[0].what,
                HasSubstr("0000:01:00.1 of the same IOMMU group 14 is bound to snd_hda_intel"));
}

TEST(Assignability, NeedsAnIommuGroup) {
    auto facts = dump(nvme());
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.bus = 1};
    facts.driver = std::string{"vfio-pci"};
    facts.group = Unknown{"the function is in no IOMMU group"};
    facts.has_iommu = false;

    const auto view = build_function_view(facts);

    ASSERT_THAT(view.reasons, SizeIs(1));
    EXPECT_THAT(view.reasons[0].what, HasSubstr("no IOMMU group"));
}

TEST(Assignability, DoesNotTakeAnUnknownGroupForNone) {
    auto facts = dump(nvme());
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.bus = 1};
    facts.driver = std::string{"vfio-pci"};
    facts.group = Unknown{"iommu_group: Permission denied"};

    const auto view = build_function_view(facts);

    EXPECT_TRUE(view.assignable);
    EXPECT_THAT(view.unknowns,
                testing::Contains("its IOMMU group: iommu_group: Permission denied"));
}

TEST(ResizableBar, TellsTheSizesOfItsBarsWhereNothingElseDoes) {
    auto facts =
        dump(nvme().extended(0x190, 0x15, 0).put32(0x194, 0x0007ff00).put32(0x198, 0x00000820));
    facts.resources = Unknown{"a dump does not tell"};

    const auto view = build_function_view(facts);

    ASSERT_THAT(view.bars, SizeIs(1));
    ASSERT_TRUE(view.bars[0].size);
    EXPECT_EQ(*view.bars[0].size, 256u << 20);
}

TEST(VfioFacts, DecideWhatTheKernelShows) {
    // VFIO shows the same chain less the serial number, which the table expects to be shown.
    auto facts = dump(nvme());
    device::VfioFacts vfio{.config = nvme().extended(0x148, 0x10, 0).image()};
    vfio.regions[0] = {.size = 0x4000, .mappable = true};
    facts.vfio = vfio;

    const auto view = build_function_view(facts);

    const auto& serial = decision_of(view, chosen::CapabilityList::Extended, 0x03);
    EXPECT_EQ(serial.action, chosen::Action::Hide);
    EXPECT_EQ(serial.why, "this host's kernel does not show it");
}

TEST(VfioFacts, LimitMappingsToWhatTheKernelAllows) {
    auto facts = dump(nvme());
    device::VfioFacts vfio{.config = nvme().image()};
    vfio.regions[0] = {.size = 0x4000,
                       .mappable = true,
                       .areas = {{.offset = 0x1000, .size = 0x1000},
                                 {.offset = 0x800, .size = 0x1000},
                                 {.offset = 0x3000, .size = 0x8000}}};
    facts.vfio = vfio;

    const auto view = build_function_view(facts);

    // The second area is no whole page, the third leaves the region: neither is mapped.
    EXPECT_THAT(view.bars[0].mapped,
                ElementsAre(device::MmapArea{.offset = 0x1000, .size = 0x1000}));
}

}  // namespace
}  // namespace tenon::model::function
