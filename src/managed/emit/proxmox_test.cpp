#include "managed/emit/proxmox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::managed::emit {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

Function function(std::uint8_t bus, std::uint8_t number) {
    Function one{.id = "dev" + std::to_string(number), .number = number};
    one.address = pci::Address{.bus = bus, .function = number};
    one.host = to_string(*one.address);
    return one;
}

// A GPU with its sound at the place of Proxmox's first port.
Machine card() {
    Machine machine{.processors = 4};
    machine.memory.size = 4 * gibibyte;
    machine.ports = {
        {.name = "gpu", .slot = 0x1c, .function = 0, .shares_device = true, .physical_slot = 1}};
    machine.ports[0].functions = {function(0x0b, 0), function(0x0b, 1)};
    return machine;
}

TEST(ProxmoxConfig, PutsFunctionsWhereTheyArePlanned) {
    const auto placed = [](Place place) {
        auto machine = card();
        machine.place = place;
        machine.ports[0] = {.name = "gpu", .slot = 1, .functions = machine.ports[0].functions};
        return proxmox_config(machine);
    };

    EXPECT_THAT(placed(Place::Conventional), HasSubstr("machine: q35\n"));
    EXPECT_THAT(placed(Place::Conventional), HasSubstr("hostpci0: 0000:0b:00.0;0000:0b:00.1\n"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("machine: pc\n"));
    EXPECT_THAT(placed(Place::RootBus), HasSubstr("0000:0b:00.1,pcie=1\n"));
    EXPECT_THAT(placed(Place::RootBus), HasSubstr("Proxmox puts them onto the root bus for old"));
}

TEST(ProxmoxConfig, IsAFileOfAGuest) {
    EXPECT_EQ(proxmox_config(card()),
              "# The guest of Tenon's plan under Proxmox VE. Firmware, disks and network are yours "
              "to add\n"
              "machine: q35\n"
              "cpu: host\n"
              "cores: 4\n"
              "balloon: 0\n"
              "vga: serial0\n"
              "serial0: socket\n"
              "memory: 4096\n"
              "hostpci0: 0000:0b:00.0;0000:0b:00.1,pcie=1\n");
}

TEST(ProxmoxConfig, SetsWhatItHasNoWordForByTheNamesOfItsDevices) {
    auto machine = card();
    auto& port = machine.ports[0];
    port.functions.pop_back();
    port.functions[0].ats = Ats::Off;
    port.speed = 5;
    port.width = 16;
    port.hotplug = false;

    EXPECT_THAT(proxmox_config(machine), HasSubstr("args: -set device.hostpci0.ats=off -set "
                                                   "device.ich9-pcie-port-1.x-speed=32 -set "
                                                   "device.ich9-pcie-port-1.x-width=16 -set "
                                                   "device.ich9-pcie-port-1.hotplug=off\n"));
}

TEST(ProxmoxConfig, LeavesLinksThatItsPortsHaveAlone) {
    auto machine = card();
    machine.ports[0].speed = 4;
    machine.ports[0].width = 32;

    EXPECT_THAT(proxmox_config(machine), Not(HasSubstr("args:")));
}

TEST(ProxmoxConfig, TellsThatPortsStandWhereTheyStand) {
    auto machine = card();
    machine.ports[0].slot = 1;

    const auto made = as_proxmox_has_it(machine);

    EXPECT_EQ(made.ports[0].slot, 0x1cU);
    EXPECT_THAT(made.lacks, ElementsAre(HasSubstr("1c.0 to 1c.3 for hostpci0 to hostpci3")));
}

TEST(ProxmoxConfig, LeavesOutAnEmptySlotAndTheSeventeenth) {
    auto machine = card();
    machine.ports[0].functions.pop_back();
    const auto port = machine.ports[0];
    for (std::uint8_t n = 1; n < 17; ++n) {
        machine.ports.push_back(port);
        machine.ports.back().name = "rp" + std::to_string(n);
        machine.ports.back().functions = {function(static_cast<std::uint8_t>(0x20 + n), 0)};
    }
    machine.ports.insert(machine.ports.begin(), {.name = "spare"});

    const auto made = as_proxmox_has_it(machine);

    EXPECT_THAT(made.ports, SizeIs(16));
    EXPECT_EQ(made.ports[4].slot, 0x10U);
    EXPECT_EQ(made.ports[15].slot, 0x11U);
    EXPECT_EQ(made.ports[15].function, 3U);
    EXPECT_THAT(made.lacks, Contains(HasSubstr("port spare is left out")));
    EXPECT_THAT(made.lacks, Contains(HasSubstr("port rp16 is left out with what is in its slot")));
}

TEST(ProxmoxConfig, CountsFunctionsWithoutGaps) {
    auto machine = card();
    machine.ports[0].functions[1].number = 3;

    const auto made = as_proxmox_has_it(machine);

    EXPECT_EQ(made.ports[0].functions[1].number, 1U);
    EXPECT_THAT(made.lacks,
                ElementsAre(HasSubstr("0000:0b:00.1 is function 1 of its slot instead of 3")));
}

TEST(ProxmoxConfig, TellsWhatAFunctionOfSeveralLoses) {
    auto machine = card();
    machine.ports[0].functions[1].ats = Ats::Off;
    machine.ports[0].functions[1].rom = Rom::None;

    EXPECT_THAT(as_proxmox_has_it(machine).lacks,
                ElementsAre(HasSubstr("ats=off of 0000:0b:00.1 is left out"),
                            HasSubstr("0000:0b:00.1 shows the ROM that the device has")));
}

TEST(ProxmoxConfig, TakesRomsFromItsFolder) {
    auto machine = card();
    auto& one = machine.ports[0].functions[0];
    one.rom = Rom::File;
    one.rom_file = "/home/a/card.rom";

    EXPECT_THAT(proxmox_config(machine), HasSubstr(",pcie=1,romfile=card.rom\n"));
    EXPECT_THAT(proxmox_config(machine),
                HasSubstr("# - copy /home/a/card.rom to /usr/share/kvm/card.rom"));
    one.rom_file = "/home/a/b,pcie=0\u00e4;x.rom";
    EXPECT_THAT(proxmox_config(machine), HasSubstr(",pcie=1,romfile=dev0.rom\n"));
}

TEST(ProxmoxConfig, HasAViommuButNoIommufd) {
    auto machine = card();
    machine.viommu = Viommu{.device_tlb = true,
                            .scalable = true,
                            .first_stage = true,
                            .address_bits = 39,
                            .pasid_bits = 20};
    for (auto& one : machine.ports[0].functions) {
        one.iommufd = true;
        one.pasid_at = 0x1a0;
    }

    const auto text = proxmox_config(machine);

    EXPECT_THAT(text, HasSubstr("machine: q35,viommu=intel,aw-bits=39\n"));
    EXPECT_THAT(text, HasSubstr("args: -global intel-iommu.device-iotlb=on -global "
                                "intel-iommu.scalable-mode=on\n"));
    EXPECT_THAT(text, HasSubstr("# - functions go through their groups: Proxmox knows no iommufd"));
    EXPECT_THAT(text, HasSubstr("# - 0000:0b:00.0 shows no PASID"));
}

TEST(ProxmoxConfig, TakesMemoryFromHugePagesOfANode) {
    auto machine = card();
    machine.memory = {.size = 4 * gibibyte, .page = gibibyte, .node = 1, .strict = true};

    EXPECT_THAT(proxmox_config(machine),
                HasSubstr("memory: 4096\nnuma: 1\nhugepages: 1024\n"
                          "numa0: cpus=0-3,hostnodes=1,memory=4096,policy=bind\n"));
}

}  // namespace
}  // namespace tenon::managed::emit
