#include "managed/proxmox/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "managed/guest/tree.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::managed::proxmox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

said::Configuration read(std::string_view text, const SlotFunctions& functions_of = nullptr) {
    auto configuration = read_config(text, "101.conf", nullptr, functions_of);
    EXPECT_TRUE(configuration);
    return *std::move(configuration);
}

traps::Diagnosis diagnosed(std::string_view text) {
    const auto vm = read(text);
    const auto tree = guest::make_tree(vm);
    const traps::HostView nobody;
    return traps::diagnose(traps::Case{vm, tree, nobody});
}

std::vector<std::string> traps_in(std::string_view text) {
    std::vector<std::string> names;
    for (const auto& finding : diagnosed(text).findings)
        names.push_back(finding.trap);
    return names;
}

// "bus addr" of the device of this id.
std::string place_of(const said::Configuration& vm, std::string_view id) {
    for (const auto& device : vm.devices)
        if (device.id == id)
            return fmt::format("{} {}", device.properties.text("bus"),
                               device.properties.text("addr"));
    return "none";
}

TEST(IsConfig, TellsItFromACommand) {
    EXPECT_TRUE(is_config("#notes\n\nagent: 1\n"));
    EXPECT_TRUE(is_config("hostpci0: 01:00,pcie=1"));
    EXPECT_FALSE(is_config("kvm -m 1G"));
    EXPECT_FALSE(is_config("#!/bin/sh\nqemu-system-x86_64 -name a:b"));
    EXPECT_FALSE(is_config("10:00.0 VGA"));
    EXPECT_FALSE(is_config(""));
}

TEST(ProxmoxConfig, PutsExpressDevicesBehindItsPorts) {
    const auto vm = read(
        "machine: q35\nhostpci0: 01:00.0,pcie=1\nhostpci4: 0000:02:00.0,pcie=1\n"
        "hostpci12: 03:00.0,pcie=1\n");

    EXPECT_EQ(place_of(vm, "hostpci0"), "ich9-pcie-port-1 0x0");
    EXPECT_EQ(place_of(vm, "ich9-pcie-port-1"), "pcie.0 1c.0");
    EXPECT_EQ(place_of(vm, "ich9-pcie-port-4"), "pcie.0 1c.3");
    EXPECT_EQ(place_of(vm, "hostpci4"), "ich9-pcie-port-5 0x0");
    EXPECT_EQ(place_of(vm, "ich9-pcie-port-5"), "pcie.0 10.0");
    EXPECT_EQ(place_of(vm, "ich9-pcie-port-13"), "pcie.0 11.0");
    EXPECT_EQ(place_of(vm, "ich9-pcie-port-6"), "none");
}

TEST(ProxmoxConfig, PutsOthersOntoConventionalBuses) {
    const auto q35 =
        read("machine: q35\nhostpci0: 01:00.0\nhostpci3: 02:00.0\nhostpci4: 03:00.0\n");
    EXPECT_EQ(place_of(q35, "hostpci0"), "pci.0 0x10");
    EXPECT_EQ(place_of(q35, "hostpci3"), "pci.0 0x1c");
    EXPECT_EQ(place_of(q35, "hostpci4"), "pci.2 0xd");
    EXPECT_EQ(place_of(q35, "pci.0"), "pcidmi 1.0");

    const auto pc = read("hostpci1: 01:00.0\nhostpci5: 02:00.0\n");
    EXPECT_EQ(place_of(pc, "hostpci1"), "pci.0 0x11");
    EXPECT_EQ(place_of(pc, "hostpci5"), "pci.2 0xe");
    EXPECT_EQ(place_of(pc, "pci.2"), "pci.0 0x1f");
}

TEST(ProxmoxConfig, PutsDevicesOfOldWindowsOntoTheRoot) {
    EXPECT_EQ(place_of(read("machine: q35\nostype: win7\nhostpci1: 01:00.0,pcie=1\n"), "hostpci1"),
              "pcie.0 0x11");
}

TEST(ProxmoxConfig, PutsOldGraphicsWhereTheirDriversLook) {
    EXPECT_EQ(place_of(read("vga: none\nhostpci1: 00:02.0,legacy-igd=1\n"), "hostpci1"),
              "pci.0 0x2");
    EXPECT_THAT(traps_in("balloon: 0\ncpu: host\nvga: none\nmachine: q35\n"
                         "hostpci0: 00:02.0,legacy-igd=1\n"),
                ElementsAre("refused-word"));
    EXPECT_THAT(traps_in("balloon: 0\ncpu: host\nhostpci0: 00:02.0,legacy-igd=1\n"),
                ElementsAre("refused-word"));
}

TEST(ProxmoxConfig, GivesTheFirstFunctionOtherIds) {
    const auto vm =
        read("machine: q35\nhostpci0: 01:00.0;01:00.1,pcie=1,vendor-id=0x1234,sub-device-id=0x1\n");

    const auto first = std::ranges::find(vm.devices, "hostpci0.0", &said::Option::id);
    EXPECT_EQ(first->properties.text("x-pci-vendor-id"), "0x1234");
    EXPECT_EQ(first->properties.text("x-pci-sub-device-id"), "0x1");
    EXPECT_EQ(first->properties.find("x-pci-device-id"), nullptr);
    EXPECT_EQ(vm.devices.back().id, "hostpci0.1");
    EXPECT_EQ(vm.devices.back().properties.find("x-pci-vendor-id"), nullptr);
}

TEST(ProxmoxConfig, GivesAllFunctionsOfASlotOneSlot) {
    const auto vm = read("machine: q35\nhostpci0: 01:00,pcie=1,rombar=0\n",
                         [](const pci::Address& slot) -> std::optional<std::vector<pci::Address>> {
                             auto second = slot;
                             second.function = 2;
                             return std::vector{slot, second};
                         });

    EXPECT_EQ(place_of(vm, "hostpci0.0"), "ich9-pcie-port-1 0x0.0");
    // Numbered anew, without a gap.
    EXPECT_EQ(place_of(vm, "hostpci0.1"), "ich9-pcie-port-1 0x0.1");
    EXPECT_EQ(vm.devices.back().properties.text("host"), "0000:01:00.2");
    EXPECT_EQ(vm.devices.back().properties.text("rombar"), "");
    const auto tree = guest::make_tree(vm);
    EXPECT_THAT(tree.problems, IsEmpty());
}

TEST(ProxmoxConfig, TakesASlotOfOneFunctionForThatFunction) {
    const auto vm = read("machine: q35\nhostpci0: 01:00,pcie=1\n",
                         [](const pci::Address& slot) { return std::optional{std::vector{slot}}; });

    EXPECT_EQ(place_of(vm, "hostpci0"), "ich9-pcie-port-1 0x0");
    EXPECT_EQ(vm.devices.back().properties.find("multifunction"), nullptr);
}

TEST(ProxmoxConfig, ListsFunctionsBySemicolons) {
    const auto vm = read("machine: q35\nhostpci0: host=01:00.0;02:00.0,pcie=1\n");

    EXPECT_EQ(place_of(vm, "hostpci0.0"), "ich9-pcie-port-1 0x0.0");
    EXPECT_EQ(place_of(vm, "hostpci0.1"), "ich9-pcie-port-1 0x0.1");
}

TEST(ProxmoxConfig, PassesSnapshotsOver) {
    const auto vm = read("machine: q35\n\n[before]\nmachine: pc\nhostpci0: 01:00.0\n");

    EXPECT_EQ(vm.machine.text("type"), "q35");
    EXPECT_EQ(place_of(vm, "hostpci0"), "none");
}

TEST(ProxmoxConfig, TakesTheLastLineOfADevice) {
    const auto vm = read(
        "machine: q35\nhostpci0: 01:00.0\nhostpci00: 02:00.0\n"
        "hostpci0: 03:00.0,pcie=1\n");

    EXPECT_EQ(place_of(vm, "hostpci0"), "ich9-pcie-port-1 0x0");
    EXPECT_EQ(vm.devices.back().properties.text("host"), "03:00.0");
    EXPECT_EQ(std::ranges::count(vm.devices, "vfio-pci", &said::Option::type), 1);
}

TEST(ProxmoxConfig, AppendsArguments) {
    const auto vm = read(
        "machine: q35\ncpu: host\nhostpci0: 01:00.0,pcie=1\n"
        "args: -set device.ich9-pcie-port-1.x-speed=32 -cpu 'max'\n");

    ASSERT_EQ(vm.cpus.size(), 2u);
    EXPECT_EQ(vm.cpus[1].type, "max");
    EXPECT_EQ(vm.cpus[1].place, (said::Place{.file = "101.conf", .line = 4}));
    EXPECT_THAT(vm.mistakes, IsEmpty());
    const auto port = std::ranges::find(vm.devices, "ich9-pcie-port-1", &said::Option::id);
    EXPECT_EQ(port->properties.text("x-speed"), "32");
}

TEST(ProxmoxConfig, NamesKeysThatAreNotKnown) {
    const auto vm = read(
        "machine: q35\nnet0: virtio=AA:BB:CC:DD:EE:FF,bridge=vmbr0\n"
        "unheard-of: 1\nno line\n");

    ASSERT_EQ(vm.unknown.size(), 2u);
    EXPECT_EQ(vm.unknown[0].word, "unheard-of");
    EXPECT_EQ(vm.unknown[0].place.line, 3u);
    EXPECT_EQ(vm.unknown[1].word, "no line");
}

TEST(ProxmoxConfig, IsNoneWithoutALine) {
    EXPECT_FALSE(read_config("", "a.conf", nullptr, nullptr));
    EXPECT_FALSE(
        read_config("# only notes\n[snapshot]\nmachine: q35\n", "a.conf", nullptr, nullptr));
}

TEST(ProxmoxConfig, HasTheTrapsOfItsDefaults) {
    const std::string_view rest = "cpu: host\nballoon: 0\n";
    const auto of = [&](std::string_view text) {
        return traps_in(fmt::format("{}{}", rest, text));
    };

    EXPECT_THAT(of("hostpci0: 01:00.0\n"), ElementsAre("conventional-bus"));
    EXPECT_THAT(of("machine: q35\nhostpci0: 01:00.0\n"), ElementsAre("conventional-bus"));
    EXPECT_THAT(of("hostpci0: 01:00.0,pcie=1\n"), ElementsAre("refused-word"));
    EXPECT_THAT(of("machine: q35\nhostpci0: 01:00,pcie=1\n"), ElementsAre("atomics-lost"));
    EXPECT_THAT(of("machine: q35,viommu=virtio\nhostpci0: 01:00.0,pcie=1\n"),
                ElementsAre("viommu-after-functions"));
    EXPECT_THAT(of("machine: q35\nhostpci0: 01:00.0,pcie=1\nargs: -cpu max\n"),
                ElementsAre("cpu-replaced"));
    EXPECT_THAT(of("machine: q35\nhostpci0: 01:00.0,pcie=1,x-vga=1\n"),
                ElementsAre("hidden-hypervisor"));
    EXPECT_THAT(of("machine: q35\nhugepages: 2\nhostpci0: 01:00.0,pcie=1\n"),
                ElementsAre("refused-word"));
    EXPECT_THAT(traps_in("cpu: host,hidden=1\nmachine: q35\nhostpci0: 01:00.0,pcie=1\n"),
                ElementsAre("hidden-hypervisor", "balloon"));
}

TEST(ProxmoxConfig, SaysWhatToWriteInItsOwnWords) {
    const auto atomics =
        diagnosed("cpu: host\nballoon: 0\nmachine: q35\nhostpci2: 01:00.0;01:00.1,pcie=1\n");
    ASSERT_EQ(atomics.findings.size(), 1u);
    EXPECT_THAT(atomics.findings[0].paste,
                ElementsAre("hostpci2: 0000:01:00.0,pcie=1", "hostpci0: 0000:01:00.1,pcie=1"));
    EXPECT_EQ(atomics.findings[0].evidence.front().place.line, 4u);
    EXPECT_EQ(atomics.findings[0].evidence.front().word, "hostpci2: 01:00.0;01:00.1,pcie=1");

    const auto late = diagnosed(
        "cpu: host\nballoon: 0\nmachine: q35,viommu=virtio\n"
        "hostpci0: 01:00.0,pcie=1\n");
    ASSERT_EQ(late.findings.size(), 1u);
    EXPECT_THAT(late.findings[0].paste, ElementsAre("machine: q35,viommu=intel"));

    const auto old = diagnosed("cpu: host\nballoon: 0\nhostpci0: 01:00.0\n");
    ASSERT_EQ(old.findings.size(), 1u);
    EXPECT_THAT(old.findings[0].paste, ElementsAre("machine: q35", "hostpci0: 01:00.0,pcie=1"));
}

TEST(ProxmoxConfig, KeepsWhatElseALineSays) {
    const auto paste = [](std::string_view line) {
        const auto found =
            diagnosed(fmt::format("cpu: host\nballoon: 0\nmachine: q35\n{}\n", line));
        return found.findings.empty() ? std::vector<std::string>{} : found.findings[0].paste;
    };

    EXPECT_THAT(paste("hostpci1: mapping=gpu,rombar=0"),
                ElementsAre("hostpci1: mapping=gpu,pcie=1,rombar=0"));
    EXPECT_THAT(paste("hostpci1: host=01:00,pcie=0,romfile=a.rom"),
                ElementsAre("hostpci1: 01:00,pcie=1,romfile=a.rom"));
    EXPECT_THAT(paste("hostpci1: 01:00.0;01:00.1,romfile=a.rom,pcie=1"),
                ElementsAre("hostpci1: 0000:01:00.0,pcie=1,romfile=a.rom",
                            "hostpci0: 0000:01:00.1,pcie=1"));
}

TEST(ProxmoxConfig, BoundsWhatItReads) {
    std::string many = "machine: q35\n";
    for (unsigned n = 0; n < 5000; ++n)
        many += fmt::format("hostpci{}: 01:00.0,pcie=1\nx{}: 1\n", n % 16, n);
    const auto vm = read(many);

    EXPECT_LE(vm.devices.size(), 64u);
    EXPECT_EQ(vm.unknown.size(), said::most_notes);
    EXPECT_FALSE(read_config(std::string(qemu::longest_input + 1, 'a'), "a", nullptr, nullptr));
}

}  // namespace
}  // namespace tenon::managed::proxmox
