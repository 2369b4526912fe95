#include "managed/emit/libvirt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "managed/libvirt/xml.hpp"

namespace tenon::managed::emit {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

Machine nvme() {
    Machine machine;
    machine.memory.size = gibibyte;
    machine.ports = {{.name = "rp0", .slot = 2, .function = 1, .physical_slot = 7}};
    Function one{.id = "dev0", .host = "0000:65:00.0"};
    one.address = pci::Address{.bus = 0x65};
    machine.ports[0].functions = {one};
    return machine;
}

TEST(LibvirtDomain, IsADomain) {
    EXPECT_EQ(
        libvirt_domain(nvme()),
        "<!-- The guest of Tenon's plan under libvirt. Its name, disks, network and firmware are "
        "yours to add\n     -->\n"
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "  <name>tenon</name>\n"
        "  <memory unit='KiB'>1048576</memory>\n"
        "  <vcpu>1</vcpu>\n"
        "  <os><type arch='x86_64' machine='q35'>hvm</type></os>\n"
        "  <features><acpi/><apic/></features>\n"
        "  <cpu mode='host-passthrough'></cpu>\n"
        "  <devices>\n"
        "    <controller type='pci' index='0' model='pcie-root'/>\n"
        "    <controller type='pci' index='1' model='pcie-root-port'>\n"
        "      <model name='pcie-root-port'/>\n"
        "      <target chassis='1' port='0x11'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x1'/>\n"
        "    </controller>\n"
        "    <controller type='usb' model='none'/>\n"
        "    <memballoon model='none'/>\n"
        "    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
        "      <driver name='vfio'/>\n"
        "      <source><address domain='0x0000' bus='0x65' slot='0x00' function='0x0'/></source>\n"
        "      <alias name='ua-dev0'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n"
        "    </hostdev>\n"
        "  </devices>\n"
        "</domain>\n");
}

TEST(LibvirtDomain, PutsFunctionsWhereTheyArePlanned) {
    const auto placed = [](Place place) {
        auto machine = nvme();
        machine.place = place;
        machine.ports[0].slot = 3;
        return libvirt_domain(machine);
    };

    EXPECT_THAT(placed(Place::RootBus), HasSubstr("bus='0x00' slot='0x03' function='0x0'/>\n"
                                                  "    </hostdev>"));
    EXPECT_THAT(placed(Place::Conventional), HasSubstr("model='pcie-to-pci-bridge'"));
    EXPECT_THAT(placed(Place::Conventional), HasSubstr("bus='0x02' slot='0x03' function='0x0'/>\n"
                                                       "    </hostdev>"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("machine='pc'"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("model='pci-root'/>\n    <controller type='usb'"));
}

TEST(LibvirtDomain, OverridesWhatLibvirtHasNoWordFor) {
    auto machine = nvme();
    machine.ports[0].speed = 5;
    machine.ports[0].functions[0].ats = Ats::Off;
    machine.viommu = Viommu{.scalable = true};

    const auto text = libvirt_domain(machine);

    EXPECT_THAT(text, HasSubstr("<qemu:device alias='pci.1'>\n      <qemu:frontend>\n        "
                                "<qemu:property name='x-speed' type='string' value='32'/>"));
    EXPECT_THAT(text, HasSubstr("<qemu:device alias='ua-dev0'>\n      <qemu:frontend>\n        "
                                "<qemu:property name='ats' type='string' value='off'/>"));
    EXPECT_THAT(text, HasSubstr("<qemu:device alias='iommu0'>\n      <qemu:frontend>\n        "
                                "<qemu:property name='scalable-mode' type='bool' value='true'/>"));
}

TEST(LibvirtDomain, SplitsTheIrqchipForAnIommuThatRemaps) {
    auto machine = nvme();
    machine.viommu = Viommu{.device_tlb = true, .address_bits = 39};

    const auto text = libvirt_domain(machine);

    EXPECT_THAT(text, HasSubstr("<ioapic driver='qemu'/>"));
    EXPECT_THAT(text,
                HasSubstr("<driver intremap='on' caching_mode='on' iotlb='on' aw_bits='39'/>"));
    machine.viommu->interrupt_remapping = false;
    EXPECT_THAT(libvirt_domain(machine), Not(HasSubstr("ioapic")));
}

TEST(LibvirtDomain, TakesMemoryAndAddressesAsPlanned) {
    auto machine = nvme();
    machine.memory = {.size = 4 * gibibyte, .page = gibibyte, .node = 1, .strict = true};
    machine.address_bits = 46;
    machine.window64 = 64 * gibibyte;

    const auto text = libvirt_domain(machine);

    EXPECT_THAT(text, HasSubstr("<hugepages><page size='1048576' unit='KiB'/></hugepages>"));
    EXPECT_THAT(text, HasSubstr("<numatune><memory mode='strict' nodeset='1'/></numatune>"));
    EXPECT_THAT(text, HasSubstr("<maxphysaddr mode='passthrough' limit='46'/>"));
    EXPECT_THAT(text, HasSubstr("<pcihole64 unit='KiB'>134217728</pcihole64>"));
}

TEST(LibvirtDomain, EscapesPathsAndKeepsCommentsWhole) {
    auto machine = nvme();
    auto& one = machine.ports[0].functions[0];
    one.rom = Rom::File;
    one.rom_file = "/a'/><hostdev b=\"&\"/>";
    machine.lacks = {"--prefer --> <evil/> -", "-----"};

    const auto text = libvirt_domain(machine);

    EXPECT_THAT(text, HasSubstr("<rom file='/a&apos;/>&lt;hostdev b=\"&amp;\"/>'/>"));
    EXPECT_THAT(text, HasSubstr("<!-- prefer > <evil/> - -->\n<!-- - -->\n"));
    EXPECT_TRUE(libvirt::Document::parse(text.substr(text.find("<domain")), "vm.xml"));
}

}  // namespace
}  // namespace tenon::managed::emit
