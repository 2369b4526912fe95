#include "cli/text/summary_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/config_builder.hpp"

namespace tenon::cli::text {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

device::DeviceFacts disk() {
    device::DeviceFacts facts{"0000:01:00.0", device::Origin::Live};
    facts.address = pci::Address{.bus = 1};
    facts.physical = support::ConfigBuilder{}
                         .put8(0x3d, 1)
                         .head(0x80)
                         .express(0x80, 0xb0)
                         .msix(0xb0, 0)
                         .extended(0x100, 0x01, 0x150)
                         .extended(0x150, 0x19, 0x180)
                         .extended(0x180, 0x25, 0)
                         .image();
    facts.driver = std::string{"nvme"};
    facts.has_iommu = true;
    facts.group = device::GroupFacts{.number = 14, .members = {}};
    facts.reset_methods = std::vector<std::string>{"flr"};
    return facts;
}

std::string summary(std::vector<device::DeviceFacts> devices) {
    model::machine::MachineRequest request;
    for (auto& facts : devices)
        request.devices.push_back({.facts = std::move(facts)});
    request.memory.size = 1 << 29;
    return render_summary(model::machine::make_plan(std::move(request)).value(), {.width = 100});
}

std::size_t place_of(const std::string& text, std::string_view what) {
    EXPECT_THAT(text, HasSubstr(std::string{what}));
    return text.find(what);
}

TEST(Summary, SaysVerdictDifferencesAndWhatToDoInThisOrder) {
    const auto text = summary({disk()});

    EXPECT_THAT(text, StartsWith("Verdict\n  dev0 0000:01:00.0: not assignable\n"
                                 "    it is bound to the host driver nvme, not to vfio-pci\n"));
    EXPECT_LT(place_of(text, "Verdict"), place_of(text, "\nDifferent from the hardware\n"));
    EXPECT_LT(place_of(text, "\nDifferent from"), place_of(text, "\nWhat to do\n  as root:\n"));
    EXPECT_THAT(text, HasSubstr("tenon plan -v"));
    EXPECT_LE(std::ranges::count(text, '\n'), 40);
}

TEST(Summary, PutsWhatIsHiddenForOneReasonOnOneLine) {
    const auto text = summary({disk()});

    EXPECT_THAT(text, HasSubstr("hidden    Secondary PCI Express, Data Link Feature: "));
    EXPECT_THAT(text, Not(HasSubstr("[PCIe Base Spec"))) << "sources are for -v";
}

TEST(Summary, SaysInShortWhatTheGuestGets) {
    EXPECT_THAT(summary({disk()}),
                HasSubstr("no BAR; INTx, 8 MSI-X; IOMMU group 14, alone; reset by flr"));
}

TEST(Summary, SaysThatTheHostsKernelHidesAPin) {
    auto facts = disk();
    facts.physical->write<std::uint32_t>(0, 0x15728086);  // Intel X710.

    const auto text = summary({facts});

    EXPECT_THAT(text, HasSubstr("no BAR; 8 MSI-X;"));
    EXPECT_THAT(text, HasSubstr("hidden    INTx: vfio-pci hides it"));
}

TEST(Summary, WarnsOfAPinThatCannotBeMasked) {
    auto facts = disk();
    facts.physical->write<std::uint32_t>(0, 0x816910ec);  // Realtek RTL8169.
    facts.line = device::LineFacts{.number = 16,
                                   .functions = {{.address = {.device = 0x1b}, .driver = "ahci"}}};

    auto text = summary({facts});

    for (auto at = text.find("\n    "); at != std::string::npos; at = text.find("\n    "))
        text.replace(at, 5, " ");  // Lines that were broken.
    const auto warnings = place_of(text, "\nWarnings\n");
    EXPECT_LT(warnings, place_of(text, "IRQ 16, with 0000:00:1b.0 (driver ahci)"));
    EXPECT_LT(warnings, place_of(text, "intx=off goes without INTx"));
}

TEST(Summary, SaysWhatAFunctionIsUsedForInPlaceOfCommands) {
    auto facts = disk();
    facts.uses =
        std::vector<device::Use>{{.kind = device::UseKind::FileSystem, .name = "/ (nvme0n1p2)"}};

    const auto text = summary({facts});

    EXPECT_THAT(text, HasSubstr("What to do\n  dev0: 0000:01:00.0 holds / (nvme0n1p2): do not\n"));
    EXPECT_THAT(text, Not(HasSubstr("unbind")));
}

TEST(Summary, SaysACommandOnceForAllFunctions) {
    auto other = disk();
    other.address = pci::Address{.bus = 2};
    other.source = "0000:02:00.0";

    const auto text = summary({disk(), other});

    const auto first = place_of(text, "modprobe vfio-pci");
    EXPECT_EQ(text.find("modprobe vfio-pci", first + 1), std::string::npos);
    EXPECT_THAT(text, HasSubstr("Different from the hardware: dev1 0000:02:00.0"));
    EXPECT_THAT(text, HasSubstr("peer-to-peer: "));
}

TEST(Summary, SaysThatNothingWasRead) {
    device::DeviceFacts facts{"dump"};
    facts.physical = support::ConfigBuilder{64}.image();

    EXPECT_THAT(summary({facts}), HasSubstr("only the header was read"));
}

TEST(Summary, SaysThatNothingMoreWasReadBesideADifference) {
    device::DeviceFacts facts{"dump"};
    facts.physical = support::ConfigBuilder{64}.put32(0, 0x15728086).put8(0x3d, 1).image();

    const auto text = summary({facts});  // Intel X710.

    EXPECT_LT(place_of(text, "hidden  INTx"), place_of(text, "only the header was read"));
}

TEST(Summary, DoesNotSayThatThereIsNoneOfWhatWasNotRead) {
    device::DeviceFacts header{"dump"};
    header.physical = support::ConfigBuilder{64}.image();
    device::DeviceFacts pin{"dump"};
    pin.physical = support::ConfigBuilder{64}.put8(0x3d, 1).image();
    device::DeviceFacts nobodys{"dump"};
    nobodys.physical = support::ConfigBuilder{64}.put32(0, 0xffffffff).image();
    nobodys.virtual_function = true;
    nobodys.identity = Unknown{"its physical function has it"};

    EXPECT_THAT(summary({header}), HasSubstr("\n    no BAR\n"));
    EXPECT_THAT(summary({header}), Not(HasSubstr("no interrupt")));
    EXPECT_THAT(summary({pin}), HasSubstr("no BAR; INTx\n"));
    EXPECT_THAT(summary({nobodys}), Not(HasSubstr("no BAR")));
}

TEST(Summary, NamesTheBarsWhoseSizesAreNotKnownWhereOthersAre) {
    std::array<device::ResourceFacts, device::bar_count + 1> sizes{};
    sizes[0] = {.size = 0x4000, .flags = 0x40200};
    sizes[1] = {.size = 0, .flags = 0x20000000};
    device::DeviceFacts facts{"dump"};
    facts.physical =
        support::ConfigBuilder{256}.put32(0x10, 0xfe000000).put32(0x14, 0xfd000000).image();
    auto known = facts;
    known.resources = sizes;
    facts.resources = Unknown{"a dump does not tell"};

    EXPECT_THAT(summary({facts}), HasSubstr("not known: sizes of BARs: a dump does not tell\n"));
    EXPECT_THAT(summary({known}), HasSubstr("not known: size of BAR 1: "));
}

TEST(Summary, TellsNoPlaceholderForADifference) {
    auto facts = disk();
    facts.physical = support::ConfigBuilder{}
                         .head(0x80)
                         .express(0x80, 0)
                         .extended(0x100, 0x19, 0x150)
                         .extended(0x150, 0x01, 0)
                         .image();

    const auto text = summary({facts});

    EXPECT_THAT(text, HasSubstr("Secondary PCI Express: "));
    EXPECT_THAT(text, Not(HasSubstr("Null")));
}

TEST(Summary, HasAGuestWithoutADevice) {
    EXPECT_EQ(summary({}),
              "Verdict\n  a guest without a device, with 1 processor and 512 MiB of memory\n");
}

TEST(Summary, OfWordsSaysWhatFollowsAndWhatBytesWouldAdd) {
    device::DeviceFacts facts{"host.txt#01:00.0", device::Origin::File};
    facts.address = pci::Address{.bus = 1};
    facts.physical = Unknown{"the input has words of it, and no bytes"};
    facts.driver = std::string{"vfio-pci"};
    facts.has_iommu = true;
    facts.group = device::GroupFacts{.number = 1, .members = {}};
    facts.identity = device::Identity{.vendor = 0x10de, .device = 0x1b80, .class_code = 0x030000};
    facts.atomics = Unknown{"the input does not tell"};
    facts.words = device::Words{.name = "NVIDIA Corporation GP104",
                                .express = {},
                                .told = {"MSI-X with 129 vectors"},
                                .warnings = {}};

    const auto text = summary({facts});

    EXPECT_THAT(text, StartsWith("Verdict\n  dev0 0000:01:00.0: assignable as far as known\n"));
    EXPECT_THAT(text, HasSubstr("not known: its registers, so what a guest would see of it"));
    EXPECT_THAT(text, HasSubstr("NVIDIA Corporation GP104, told by host.txt#01:00.0\n"));
    EXPECT_THAT(text, HasSubstr("    MSI-X with 129 vectors\n"));
    EXPECT_THAT(text, HasSubstr("AtomicOps on its host: not known: the input does not tell"));
    EXPECT_THAT(text, HasSubstr("what bytes would add (lspci -xxxx, as root)"));
    EXPECT_THAT(text, Not(HasSubstr("tenon plan -v")));
}

}  // namespace
}  // namespace tenon::cli::text
