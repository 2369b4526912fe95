#include "cli/text/plan_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "cli/text/verdict_text.hpp"
#include "model/machine/plan_warnings.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using support::ConfigBuilder;
using testing::HasSubstr;
using testing::Not;

device::DeviceFacts facts_of(const ConfigBuilder& config) {
    device::DeviceFacts facts{"dump"};
    facts.physical = config.image();
    return facts;
}

// Bound to vfio-pci, alone in its group.
device::DeviceFacts live_facts(const ConfigBuilder& config) {
    auto facts = facts_of(config);
    facts.origin = device::Origin::Live;
    facts.address = pci::Address{.bus = 0x65};
    facts.driver = std::string{"vfio-pci"};
    facts.group = device::GroupFacts{.number = 14, .members = {}};
    return facts;
}

model::machine::MachinePlan plan_of(device::DeviceFacts facts) {
    return model::machine::make_plan({.devices = {{.facts = std::move(facts)}}}).value();
}

std::string text_of(device::DeviceFacts facts, std::size_t width = 200) {
    return render_text(plan_of(std::move(facts)), {.width = width});
}

TEST(PlanText, HasALineForEachCapability) {
    const auto text = text_of(facts_of(ConfigBuilder{}
                                           .put32(0x10, 0xfe000004)
                                           .head(0x80)
                                           .express(0x80, 0xc0)
                                           .msix(0xc0, 0)
                                           .extended(0x100, 0x03, 0x110)
                                           .extended(0x110, 0x10, 0)));

    EXPECT_THAT(text, HasSubstr("\n    0x80   0x80   pass     PCI Express (0x10) "));
    EXPECT_THAT(text, HasSubstr("\n    0xc0   0xc0   emulate  MSI-X (0x11) "));
    EXPECT_THAT(text, HasSubstr("\n    0x100  0x100  pass     Device Serial Number (0x0003) "));
    EXPECT_THAT(text, HasSubstr("\n    0x110  -      hide     SR-IOV (0x0010) "));
    EXPECT_THAT(text, HasSubstr("[PCIe Base Spec 6.0, 9.3.3]\n"));
}

// A run says these lines, each with the name of its function in front.
TEST(PlanText, HasEveryWarningThatARunSays) {
    const auto with_atomics = [](std::uint32_t widths) {
        auto facts = facts_of(ConfigBuilder{}
                                  .put32(0x10, 0xfe000004)
                                  .head(0x80)
                                  .express(0x80, 0xc0)
                                  .msix(0xc0, 0, 64));
        facts.atomics = widths;
        return facts;
    };
    const auto plan = model::machine::make_plan(
                          {.devices = {{.facts = with_atomics(4), .id = "one", .port = "gpu"},
                                       {.facts = with_atomics(0), .id = "two", .port = "gpu"}},
                           .files = 300u})
                          .value();

    const auto text = render_text(plan, {.width = 4000});

    const auto lines = model::machine::warnings_of(plan);
    // Of the port, the function beside, and the vectors.
    EXPECT_EQ(lines.size(), 3u);
    for (const auto& line : lines) {
        const std::string name = "two (dump): ";
        EXPECT_THAT(text, HasSubstr(line.starts_with(name) ? line.substr(name.size()) : line));
    }
}

TEST(PlanText, TellsNoCapabilitiesFromUnknownOnes) {
    EXPECT_THAT(text_of(facts_of(ConfigBuilder{256})), HasSubstr("Capabilities\n    none\n"));
    EXPECT_THAT(text_of(facts_of(ConfigBuilder{64})), HasSubstr("Capabilities\n    not known: "));
}

TEST(PlanText, CountsVectors) {
    const auto text =
        text_of(facts_of(ConfigBuilder{256}.put32(0x10, 0xfe000004).head(0xc0).msix(0xc0, 0, 8)));

    EXPECT_THAT(text, HasSubstr("MSI-X  8 vectors, table in BAR 0 at 0x2000, pending bits in BAR "
                                "0 at 0x3000\n"));
}

TEST(PlanText, DescribesBars) {
    auto facts = facts_of(ConfigBuilder{256}.put32(0x10, 0xfe00000c));
    std::array<device::ResourceFacts, device::bar_count + 1> resources{};
    resources[0] = {.size = 0x4000, .flags = 0x10220c};
    facts.resources = resources;

    EXPECT_THAT(text_of(facts), HasSubstr("\n    0    16 KiB  64-bit memory, prefetchable  "
                                          "0x1000000000  mapped"));
}

TEST(PlanText, NamesTheGroupAndWhoElseIsInIt) {
    auto facts = live_facts(ConfigBuilder{256});
    EXPECT_THAT(text_of(facts), HasSubstr("driver vfio-pci\n    IOMMU group 14, alone in it\n"));

    facts.group->members = {{.address = {.bus = 1}, .driver = "snd", .is_bridge = false},
                            {.address = {.bus = 2}, .driver = "", .is_bridge = true}};
    EXPECT_THAT(text_of(facts), HasSubstr("IOMMU group 14, together with\n"
                                          "      0000:01:00.0  driver snd\n"
                                          "      0000:02:00.0  no driver   bridge\n"));
}

TEST(PlanText, SaysThatADeviceWasOpened) {
    auto facts = live_facts(ConfigBuilder{256});
    EXPECT_THAT(text_of(facts), Not(HasSubstr("resets")));

    facts.vfio = device::VfioFacts{.config = ConfigBuilder{256}.image()};
    EXPECT_THAT(text_of(facts), HasSubstr("opened through VFIO to ask about it, which resets it"));
}

TEST(Verdict, IsAssignableWhereAllIsKnown) {
    auto facts = live_facts(ConfigBuilder{256});
    facts.vfio = device::VfioFacts{.config = ConfigBuilder{256}.image()};

    EXPECT_EQ(render_verdict(plan_of(facts), {}), "Verdict\n  dev0 0000:65:00.0: assignable\n");
}

TEST(Verdict, NamesWhatIsNotKnown) {
    EXPECT_THAT(render_verdict(plan_of(facts_of(ConfigBuilder{256})), {}),
                HasSubstr("  dev0 dump: assignable as far as known; not known:\n    "));
}

TEST(Verdict, PutsCommandsOnLinesOfTheirOwn) {
    auto facts = live_facts(ConfigBuilder{256});
    facts.driver = std::string{"nvme"};

    EXPECT_THAT(
        render_verdict(plan_of(facts), {.width = 50}),
        HasSubstr("not assignable\n"
                  "    it is bound to the host driver nvme, not to\n"
                  "      vfio-pci\n"
                  "      mend it, as root:\n"
                  "        modprobe vfio-pci\n"
                  "        echo vfio-pci > /sys/bus/pci/devices/0000:65:00.0/driver_override\n"
                  "        echo 0000:65:00.0 > /sys/bus/pci/devices/0000:65:00.0/driver/unbind\n"
                  "        echo 0000:65:00.0 > /sys/bus/pci/drivers_probe\n"));
}

TEST(Refusal, IsEmptyIfEverythingIsAssignable) {
    EXPECT_EQ(render_refusal(plan_of(facts_of(ConfigBuilder{256})), {}), "");
}

TEST(Refusal, NamesTheFunctionsThatCannotBeAssigned) {
    EXPECT_THAT(render_refusal(plan_of(facts_of(ConfigBuilder{256}.put8(0x0e, 1))), {}),
                HasSubstr("dev0 dump: not assignable\n    it is a PCI bridge"));
}

TEST(PlanText, ShowsBridgesWithTheirCapabilities) {
    const auto text =
        text_of(facts_of(ConfigBuilder{}.put8(0x0e, 1).head(0x80).express(0x80, 0, 4)));

    EXPECT_THAT(text, HasSubstr("dump stays with the host\n"));
    EXPECT_THAT(text, HasSubstr("0x80  -      hide  PCI Express (0x10)\n"));
}

TEST(PlanText, KeepsToItsWidth) {
    const auto text = text_of(
        facts_of(
            ConfigBuilder{}.head(0x80).express(0x80, 0xc0).msix(0xc0, 0).extended(0x100, 0x10, 0)),
        80);

    for (const auto line : split(text, '\n'))
        EXPECT_LE(columns(line), 80u);
}

}  // namespace
}  // namespace tenon::cli::text
