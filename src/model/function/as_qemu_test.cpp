// The rules of QEMU's view, one after the other. The offsets and values are literals of QEMU's
// rules and of the specification; what a whole guest of QEMU sees is compared in tests/host.
#include "model/function/as_qemu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/support/config_builder.hpp"

namespace tenon::model::function {
namespace {

using support::ConfigBuilder;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view by_11_1 = "QEMU 11.1";
constexpr std::string_view on_root_bus = "QEMU 11.1, root-bus";
constexpr std::string_view on_conventional = "QEMU 11.1, conventional";
constexpr std::string_view on_pc = "QEMU 11.1, pc";

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

FunctionView view_of(const device::DeviceFacts& facts, std::string_view version = by_11_1,
                     const chosen::FunctionKeys& keys = {}) {
    const auto choice = chosen::find_target(version);
    EXPECT_TRUE(choice);
    auto properties = chosen::choose_properties(choice->target->as, keys);
    return build_function_view(facts, properties);
}

FunctionView view_of(const ConfigBuilder& config, std::string_view version = by_11_1) {
    return view_of(dump(config), version);
}

ConfigBuilder nvme(std::uint16_t type = 0) {
    return ConfigBuilder{}
        .put32(0x10, 0xfe800004)
        .head(0x40)
        .standard(0x40, 0x01, 0x80)
        .express(0x80, 0xc0, type)
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

TEST(AsQemu, LinksPastWhatItDropsAndLeavesItsBytes) {
    auto config = nvme().put32(0x154, 0x12345678);  // inside SR-IOV

    const auto view = view_of(config);

    EXPECT_TRUE(view.assignable);
    EXPECT_EQ(view.map.start.read32(0x100), 0x19010001u);
    EXPECT_EQ(view.map.start.read32(0x190), 0x00010003u);
    EXPECT_EQ(view.map.start.read32(0x154), 0x12345678u);
    EXPECT_EQ(view.map.rules32(0x154).ours, 0u);
    // The dropped header's own link stays as the kernel shows it.
    EXPECT_EQ(view.map.start.read32(0x148), 0x19010010u);
    EXPECT_THAT(decision_of(view, chosen::CapabilityList::Extended, 0x10).why,
                HasSubstr("QEMU drops it"));
}

TEST(AsQemu, OwnsOnlyTheLinkOfAHeader) {
    const auto view = view_of(nvme());

    EXPECT_EQ(view.map.rules32(0x190).ours, 0xfff00000u);
    EXPECT_EQ(view.map.rules32(0x100).ours, 0xffffffffu);  // All of the first one.
    EXPECT_EQ(view.map.rules8(0x40).ours, 0u);
    EXPECT_EQ(view.map.rules8(0x41).ours, 0xffu);
    EXPECT_EQ(view.map.rules8(0x34).ours, 0xffu);
}

TEST(AsQemu, LeavesWhatTheKernelHidesReadableAndWritable) {
    // PASID, which the kernel unlinks.
    auto config = nvme().extended(0x190, 0x1b, 0).put32(0x194, 0x00001406);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read32(0x194), 0x00001406u);
    EXPECT_EQ(view.map.rules32(0x194).passed, 0xffffffffu);
    EXPECT_EQ(view.map.start.read32(0x100), 0x00010001u);
    EXPECT_THAT(view.warnings, Contains(HasSubstr("in no list of it: PASID at 0x190")));
}

TEST(AsQemu, PutsANullCapabilityWhereTheFirstOneIsDropped) {
    auto config = nvme().extended(0x100, 0x10, 0x148).extended(0x148, 0x01, 0);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read32(0x100), 0x14800000u);
    EXPECT_THAT(shown(view), Contains("Null"));
}

TEST(AsQemu, LeavesNoListWhereEveryEntryIsDropped) {
    EXPECT_EQ(view_of(nvme().extended(0x100, 0x10, 0)).map.start.read32(0x100), 0u);
}

TEST(AsQemu, LeavesThePointerOfADeviceWithoutAListAlone) {
    auto config = ConfigBuilder{}.put32(0x10, 0xfe800004).put8(0x34, 0xdc);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read8(0x34), 0xdc);
    EXPECT_EQ(view.map.rules8(0x34).ours, 0u);
    EXPECT_EQ(view.map.start.read16(0x06) & 0x10, 0);
    EXPECT_EQ(view.config_size, 256u);
}

TEST(AsQemu, PassesEveryRegisterOfTheHeaderThatItDoesNotKeep) {
    auto config = nvme().put8(0x0c, 0x08).put32(0x28, 0x11223344).put16(0x3e, 0x0a05);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read8(0x0c), 0x08);
    EXPECT_EQ(view.map.start.read32(0x28), 0x11223344u);
    EXPECT_EQ(view.map.start.read16(0x3e), 0x0a05);
    EXPECT_EQ(view.map.start.read32(0x10), 0x4u);  // BARs alone have no address yet.
}

TEST(AsQemu, ShowsThreeFieldsOfMsiAndTheSizeOfMsix) {
    auto config = ConfigBuilder{}
                      .put32(0x10, 0xfe800004)
                      .head(0x50)
                      .standard(0x50, 0x05, 0x80)
                      .put16(0x52, 0x07fb)  // Enabled, 32 of 32 in use, extended data as well.
                      .put32(0x54, 0xfee00000)
                      .msix(0x80, 0)
                      .put16(0x82, 0xf807);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read16(0x52), 0x018a);
    EXPECT_EQ(view.map.start.read32(0x54), 0u);
    EXPECT_EQ(view.map.start.read16(0x82), 0x0007);
}

TEST(AsQemu, HasNoWakeUp) {
    auto config = nvme().put16(0x42, 0xf80b).put16(0x44, 0x8108);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read16(0x42), 0x000b);
    EXPECT_EQ(view.map.start.read16(0x44), 0x0008);
}

TEST(AsQemu, GivesAnIntegratedEndpointBelowAPortTheLeastLink) {
    const auto view = view_of(nvme(9).put32(0x8c, 0).put16(0x92, 0));

    EXPECT_EQ(view.map.start.read16(0x82), 0x0002);
    EXPECT_EQ(view.map.start.read32(0x8c), 0x00000011u);
    EXPECT_EQ(view.map.start.read16(0x92), 0x0000);  // Link Status stays the device's.
    EXPECT_EQ(view.map.rules16(0x92).ours, 0);
}

TEST(AsQemu, TakesTheLinkOfAnEndpointOnTheRootBus) {
    const auto view = view_of(nvme().put32(0xac, 0x1e).put16(0xb0, 4), on_root_bus);

    EXPECT_EQ(view.map.start.read16(0x82), 0x0092);
    EXPECT_EQ(view.map.start.read32(0x8c), 0u);
    EXPECT_EQ(view.map.start.read16(0x92), 0u);
    EXPECT_EQ(view.map.start.read32(0xac), 0u);
    EXPECT_EQ(view.map.start.read16(0xb0), 0u);
    EXPECT_EQ(view.config_size, 4096u);
}

TEST(AsQemu, UnlinksALegacyEndpointOnTheRootBusAndKeepsItsLink) {
    const auto view = view_of(nvme(1), on_root_bus);

    EXPECT_EQ(view.map.start.read8(0x41), 0xc0);
    EXPECT_EQ(view.map.start.read8(0x81), 0xc0);
    EXPECT_EQ(view.config_size, 256u);
    // The extended list is made all the same.
    EXPECT_EQ(view.map.start.read32(0x100), 0x19010001u);
}

TEST(AsQemu, MakesAConventionalFunctionBehindAConventionalBridge) {
    const auto view = view_of(nvme(), on_conventional);

    EXPECT_THAT(shown(view), ElementsAre("Power Management", "MSI-X"));
    EXPECT_EQ(view.config_size, 256u);
    EXPECT_EQ(view.express_at, 0u);
}

TEST(AsQemu, KeepsExpressWithoutExtendedSpaceOnMachinePc) {
    const auto view = view_of(nvme(), on_pc);

    EXPECT_THAT(shown(view), ElementsAre("Power Management", "PCI Express", "MSI-X"));
    EXPECT_EQ(view.config_size, 256u);
}

TEST(AsQemu, RaisesVersionZero) {
    EXPECT_EQ(view_of(nvme().put16(0x82, 0)).map.start.read16(0x82), 0x0001);
}

TEST(AsQemu, OffersThePresentSizeOfAResizableBar) {
    auto config = nvme()
                      .extended(0x100, 0x15, 0)
                      .put32(0x104, 0x000ff000)
                      .put32(0x108, 0x00000a20);  // One BAR, number 0, 1 GiB.

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read32(0x104), 0x00004000u);
    EXPECT_EQ(view.map.start.read32(0x108), 0x00000a20u);
    EXPECT_EQ(view.map.rules32(0x108).ours, 0xffffffffu);
}

TEST(AsQemu, DropsResizableBarsOfMoreThan512GiB) {
    auto config = nvme().extended(0x100, 0x15, 0).put32(0x108, 0x00001420);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read32(0x100), 0u);
    EXPECT_THAT(shown(view), Not(Contains("Resizable BAR")));
}

ConfigBuilder with_ats() { return nvme().extended(0x190, 0x0f, 0); }

bool shows_ats(const FunctionView& view) {
    return testing::Value(shown(view), Contains("Address Translation Service"));
}

TEST(AsQemu, ShowsAtsAsTheKernelSaysOrOnceAlways) {
    auto facts = dump(with_ats());
    EXPECT_TRUE(shows_ats(view_of(facts)));
    facts.iommu.ats = false;
    EXPECT_FALSE(shows_ats(view_of(facts)));
    EXPECT_TRUE(shows_ats(view_of(facts, "QEMU 11.0")));
    EXPECT_FALSE(shows_ats(view_of(dump(with_ats()), by_11_1, {.ats = chosen::AtsMode::Off})));
}

TEST(AsQemu, DoesNotStartWithAtsThatTheKernelRefuses) {
    auto facts = dump(with_ats());
    facts.iommu.ats = false;

    EXPECT_FALSE(view_of(facts, by_11_1, {.ats = chosen::AtsMode::On}).assignable);
    // Without the capability it warns.
    auto without = dump(nvme());
    without.iommu.ats = false;
    const auto view = view_of(without, by_11_1, {.ats = chosen::AtsMode::On});
    EXPECT_TRUE(view.assignable);
    EXPECT_THAT(view.warnings, Contains(HasSubstr("ats=on has no effect")));
}

TEST(AsQemu, SaysThatAnOldVersionHasNoKeyForAts) {
    const auto view = view_of(dump(with_ats()), "QEMU 11.0", {.ats = chosen::AtsMode::Off});

    EXPECT_TRUE(shows_ats(view));
    EXPECT_THAT(view.warnings, Contains(HasSubstr("ats: QEMU 11.0 has nothing like it")));
}

FunctionView with_pasid(const ConfigBuilder& config, const chosen::FunctionKeys& keys = {}) {
    auto facts = dump(config);
    facts.iommu.pasid = device::PasidFacts{.width = 16, .execute = true};
    const auto choice = chosen::find_target(by_11_1);
    auto properties = chosen::choose_properties(choice->target->as, keys);
    properties.viommu_pasid_width = 20;
    return build_function_view(facts, properties);
}

TEST(AsQemu, MakesPasidInTheLastBytesWithTheHostsWidth) {
    const auto view = with_pasid(nvme());

    EXPECT_EQ(view.map.start.read32(0x190), 0xff810003u);
    EXPECT_EQ(view.map.start.read32(0xff8), 0x0001001bu);
    EXPECT_EQ(view.map.start.read32(0xffc), 0x00001002u);
    EXPECT_THAT(view.warnings, Contains(HasSubstr("reaches the device's own bytes")));
}

TEST(AsQemu, LetsPasidCoverWhatIsThereAndSaysSo) {
    const auto view = with_pasid(nvme().put32(0xffc, 0x55));

    ASSERT_TRUE(view.pasid);
    EXPECT_EQ(view.pasid->at, 0xff8);
    EXPECT_THAT(view.warnings, Contains(HasSubstr("nobody names and that are not zero")));
    EXPECT_EQ(view.map.rules16(0xffe).passed, 0xffff);
}

TEST(AsQemu, LinksPasidInOrderOfOffsets) {
    const auto view = with_pasid(nvme(), {.pasid_offset = chosen::PasidOffset{0x170}});

    EXPECT_EQ(view.map.start.read32(0x100), 0x17010001u);
    EXPECT_EQ(view.map.start.read32(0x170), 0x1901001bu);
}

TEST(AsQemu, StartsWithoutPasidWhereNoCapabilityCanBe) {
    for (const auto at : std::to_array<std::uint16_t>({0x40, 0x172, 0xffc, 0xfff}))
        EXPECT_FALSE(with_pasid(nvme(), {.pasid_offset = chosen::PasidOffset{at}}).pasid) << at;
}

TEST(AsQemu, StartsWithoutPasidWhereAHeaderIs) {
    const auto view = with_pasid(nvme(), {.pasid_offset = chosen::PasidOffset{0x190}});

    EXPECT_FALSE(view.pasid);
    EXPECT_TRUE(view.assignable);
    EXPECT_THAT(view.warnings, Contains(HasSubstr("starts without it")));
}

TEST(AsQemu, DoesNotStartWithPortsOrCapabilitiesThatOverlap) {
    auto overlapping =
        ConfigBuilder{}.put32(0x10, 0xfe800004).head(0x40).msix(0x40, 0x48).standard(0x48, 0x01, 0);

    const auto view = view_of(overlapping);

    EXPECT_FALSE(view.assignable);
    EXPECT_THAT(view.reasons, Contains(Field(&chosen::Reason::what, HasSubstr("overlap"))));
}

TEST(AsQemu, KnowsWhereAChelsioFunctionHasItsPendingBits) {
    auto config = nvme().put32(0x00, 0x58001425).put32(0xc8, 0x00100000);

    const auto view = view_of(config);

    EXPECT_EQ(view.map.start.read32(0xc8), 0x1000u);
    EXPECT_TRUE(view.assignable);
    EXPECT_FALSE(view_of(nvme().put32(0xc8, 0x00100000)).assignable);
}

TEST(AsQemu, MovesTheTableIntoABarOfItsOwn) {
    using chosen::MsixRelocation;
    const chosen::FunctionKeys keys{
        .msix_relocation = MsixRelocation{.mode = MsixRelocation::Mode::Bar, .bar = 2}};

    const auto view = view_of(dump(nvme()), by_11_1, keys);

    EXPECT_EQ(view.map.start.read32(0xc4), 0x2u);
    EXPECT_EQ(view.map.start.read32(0xc8), 0x82u);
    EXPECT_EQ(view.map.start.read32(0x18), 0xcu);  // 64 bits, prefetchable.
    EXPECT_EQ(view.map.rules32(0x18).writable, 0xfffff000u);
}

TEST(AsQemu, DoublesABarForTheTable) {
    using chosen::MsixRelocation;
    const chosen::FunctionKeys keys{
        .msix_relocation = MsixRelocation{.mode = MsixRelocation::Mode::Bar, .bar = 0}};

    const auto view = view_of(dump(nvme()), by_11_1, keys);

    EXPECT_EQ(view.map.start.read32(0xc4), 0x4000u);
    EXPECT_EQ(view.map.rules32(0x10).writable, 0xffff8000u);
}

TEST(AsQemu, DoesNotStartWithAutomaticRelocation) {
    using chosen::MsixRelocation;
    const chosen::FunctionKeys keys{.msix_relocation =
                                        MsixRelocation{.mode = MsixRelocation::Mode::Auto}};

    EXPECT_FALSE(view_of(dump(nvme()), by_11_1, keys).assignable);
}

TEST(AsQemu, NamesKeysThatItHasNoWordFor) {
    const auto view =
        view_of(dump(nvme()), by_11_1,
                {.intx = chosen::IntxChoice::Off, .reset = chosen::ResetChoice::None});

    EXPECT_THAT(view.warnings, Contains(HasSubstr("intx, reset: QEMU 11.1 has nothing like it")));
}

TEST(AsQemu, HasWhatVfioToldOfAFunctionThatWasOpened) {
    auto facts = dump(nvme());
    auto config = nvme().put16(0x3c, 0x010b);
    facts.vfio = device::VfioFacts{.config = config.image()};
    facts.vfio->regions[0].size = 0x4000;
    facts.vfio->regions[device::config_region].size = 4096;

    const auto view = view_of(facts);

    EXPECT_EQ(view.map.start.read8(0x3d), 0x01);
    EXPECT_EQ(view.map.start.read32(0x100), 0x19010001u);
    // A region of 256 bytes is all that there is.
    facts.vfio->regions[device::config_region].size = 256;
    EXPECT_THAT(shown(view_of(facts)), ElementsAre("Power Management", "PCI Express", "MSI-X"));
}

}  // namespace
}  // namespace tenon::model::function
