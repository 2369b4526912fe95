#include "managed/libvirt/domain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "managed/guest/tree.hpp"

namespace tenon::managed::libvirt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A domain of q35 with these devices, and what stands beside them; libvirt adds none but ports.
std::string domain(std::string_view devices, std::string_view beside = "") {
    return fmt::format(
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "<memory unit='GiB'>8</memory>\n"
        "<os><type arch='x86_64' machine='q35'>hvm</type></os>\n"
        "<cpu mode='host-passthrough'/>\n{}<devices>\n{}<controller type='usb' model='none'/>"
        "<memballoon model='none'/></devices>\n</domain>\n",
        beside, devices);
}

std::string hostdev(std::string_view bus, std::string_view inside = "") {
    return fmt::format(
        "<hostdev mode='subsystem' type='pci' managed='yes'>\n"
        "<source><address domain='0x0000' bus='{}' slot='0x00' function='0x0'/></source>\n"
        "{}</hostdev>\n",
        bus, inside);
}

said::Configuration read(std::string_view text) {
    auto configuration = read_domain(text, "vm.xml", nullptr);
    EXPECT_TRUE(configuration) << configuration.error().what;
    return *std::move(configuration);
}

// "driver id bus addr" of each device.
std::vector<std::string> devices_of(const said::Configuration& vm) {
    std::vector<std::string> lines;
    for (const auto& device : vm.devices)
        lines.push_back(fmt::format("{} {} {} {}", device.type, device.id,
                                    device.properties.text("bus"), device.properties.text("addr")));
    return lines;
}

const said::Option& device_of(const said::Configuration& vm, std::string_view id) {
    const auto found = std::ranges::find(vm.devices, id, &said::Option::id);
    EXPECT_NE(found, vm.devices.end());
    return *found;
}

TEST(IsDomain, TellsItFromACommandAndFromOtherXml) {
    EXPECT_TRUE(is_domain("<domain type='kvm'>"));
    EXPECT_TRUE(
        is_domain("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- WARNING: made\nby a tool -->\n"
                  "<domstatus state='running'>"));
    EXPECT_TRUE(is_domain("# virsh dumpxml vm\n<domain>"));
    EXPECT_TRUE(is_domain("<domainsnapshot>"));
    EXPECT_TRUE(is_domain("<!DOCTYPE a [<!ENTITY b 'c'>]><domain/>"));
    EXPECT_FALSE(is_domain("<network><name>a</name></network>"));
    EXPECT_FALSE(is_domain("kvm -name '<domain>'"));
    EXPECT_FALSE(is_domain("hostpci0: 01:00\n"));
    EXPECT_FALSE(is_domain("<!-- no end"));
    EXPECT_FALSE(is_domain("<"));
    EXPECT_FALSE(is_domain(""));
}

TEST(Domain, IsFoundInAStateAndInASnapshot) {
    const auto inner = domain(hostdev("0x65"));

    EXPECT_EQ(
        read(fmt::format("<domstatus state='running'>\n{}</domstatus>", inner)).devices.size(), 3u);
    EXPECT_EQ(read(fmt::format("<domainsnapshot>\n<name>a</name>\n{}</domainsnapshot>", inner))
                  .devices.back()
                  .place.line,
              8u);
    EXPECT_FALSE(read_domain("<domainsnapshot/>", "a", nullptr));
    EXPECT_FALSE(read_domain("<domain type='xen'/>", "a", nullptr));
}

TEST(Domain, GivesMachineCpuAndMemory) {
    const auto vm = read(
        "<domain type='kvm'><memory unit='MiB'>1024</memory><maxMemory slots='4' "
        "unit='GiB'>8</maxMemory><os firmware='efi'><type machine='pc-q35-9.2'>hvm</type></os>"
        "<features><ioapic driver='qemu'/><kvm><hidden state='on'/></kvm><hyperv mode='custom'>"
        "<relaxed state='on'/><vendor_id state='on' value='abc'/><vapic state='off'/></hyperv>"
        "</features><cpu mode='custom'><model>EPYC</model><maxphysaddr mode='emulate' bits='46'/>"
        "<feature policy='disable' name='x2apic'/></cpu><devices/></domain>");

    EXPECT_EQ(vm.machine.text("type"), "pc-q35-9.2");
    EXPECT_EQ(vm.machine.text("kernel-irqchip"), "split");
    EXPECT_EQ(vm.memory.text("size"), "1073741824b");
    EXPECT_EQ(vm.memory.text("slots"), "4");
    EXPECT_EQ(vm.firmware, said::Firmware::Flash);
    ASSERT_NE(vm.cpu(), nullptr);
    EXPECT_EQ(vm.cpu()->type, "EPYC");
    EXPECT_EQ(vm.cpu()->properties.text("phys-bits"), "46");
    EXPECT_EQ(vm.cpu()->properties.text("x2apic"), "off");
    EXPECT_EQ(vm.cpu()->properties.text("kvm"), "off");
    EXPECT_EQ(vm.cpu()->properties.text("hv-vendor-id"), "abc");
    EXPECT_EQ(vm.cpu()->properties.text("hv-relaxed"), "on");
    EXPECT_EQ(vm.cpu()->properties.find("hv-vapic"), nullptr);
}

TEST(Domain, KeepsAddressesThatAreSaid) {
    const auto vm = read(domain(
        "<controller type='pci' index='0' model='pcie-root'/>\n"
        "<controller type='pci' index='2' model='pcie-root-port'>"
        "<target chassis='7' port='0x9' hotplug='off'/>"
        "<address type='pci' domain='0' bus='0x00' slot='0x02' function='0x1'/></controller>\n"
        "<controller type='pci' index='1' model='pcie-root-port'>"
        "<address type='pci' bus='0x00' slot='0x02' function='0x0' multifunction='on'/>"
        "</controller>\n" +
        hostdev("0x65", "<address type='pci' bus='0x02' slot='0' function='0'/>")));

    EXPECT_THAT(devices_of(vm),
                ElementsAre("pcie-root-port pci.1 pcie.0 0x2",
                            "pcie-root-port pci.2 pcie.0 0x2.0x1", "vfio-pci hostdev0 pci.2 0x0"));
    EXPECT_EQ(device_of(vm, "pci.2").properties.text("chassis"), "7");
    EXPECT_EQ(device_of(vm, "pci.2").properties.text("hotplug"), "off");
    EXPECT_EQ(device_of(vm, "pci.1").properties.text("chassis"), "1");
    EXPECT_EQ(device_of(vm, "hostdev0").properties.text("host"), "0000:65:00.0");
    EXPECT_THAT(guest::make_tree(vm).problems, IsEmpty());
}

TEST(Domain, AddsAPortForEachFunctionThatNamesNone) {
    const auto vm =
        read(domain(hostdev("0x65") + hostdev("0x66") + "<video><model type='vga'/></video>\n"));

    EXPECT_THAT(
        devices_of(vm),
        ElementsAre("pcie-root-port pci.1 pcie.0 0x2", "pcie-root-port pci.2 pcie.0 0x2.0x1",
                    "pcie-root-port pci.3 pcie.0 0x2.0x2", "VGA  pcie.0 0x1",
                    "vfio-pci hostdev0 pci.1 0x0", "vfio-pci hostdev1 pci.2 0x0"));
    EXPECT_EQ(device_of(vm, "pci.1").properties.text("multifunction"), "on");
    EXPECT_THAT(guest::make_tree(vm).problems, IsEmpty());
}

TEST(Domain, TakesFreePortsBeforeItAddsOthers) {
    const auto vm = read(domain("<controller type='pci' index='1' model='pcie-root-port'/>\n" +
                                hostdev("0x65") + hostdev("0x66")));

    EXPECT_THAT(
        devices_of(vm),
        ElementsAre("pcie-root-port pci.1 pcie.0 0x1", "pcie-root-port pci.2 pcie.0 0x1.0x1",
                    "vfio-pci hostdev0 pci.1 0x0", "vfio-pci hostdev1 pci.2 0x0"));
}

TEST(Domain, AddsControllersOfBusesThatAreNamed) {
    const auto vm = read(domain(hostdev("0x65", "<address type='pci' bus='0x03' slot='0x00'/>")));

    EXPECT_EQ(vm.devices.size(), 4u);
    EXPECT_EQ(device_of(vm, "hostdev0").properties.text("bus"), "pci.3");
    EXPECT_THAT(guest::make_tree(vm).problems, IsEmpty());
}

TEST(Domain, PutsConventionalDevicesBehindABridge) {
    const auto vm =
        read(domain("<interface type='user'><model type='e1000'/></interface>\n"
                    "<interface type='user'><model type='virtio'/></interface>\n"));

    EXPECT_THAT(
        devices_of(vm),
        ElementsAre("pcie-root-port pci.1 pcie.0 0x1", "pcie-pci-bridge pci.2 pci.1 0x0",
                    "pcie-root-port pci.3 pcie.0 0x1.0x1", "pcie-root-port pci.4 pcie.0 0x1.0x2",
                    "e1000  pci.2 0x1", "virtio-net-pci  pci.3 0x0"));
    EXPECT_THAT(guest::make_tree(vm).problems, IsEmpty());
}

TEST(Domain, PutsAllOntoTheRootOfAPc) {
    const auto vm = read(
        "<domain type='kvm'><os><type machine='pc'>hvm</type></os><devices>"
        "<video><model type='cirrus'/></video><memballoon model='virtio'/>" +
        hostdev("1") + "</devices></domain>");

    EXPECT_THAT(devices_of(vm),
                ElementsAre("cirrus-vga  pci.0 0x2", "virtio-balloon-pci  pci.0 0x4",
                            "piix3-usb-uhci usb pci.0 0x1.0x2", "vfio-pci hostdev0 pci.0 0x3"));
}

TEST(Domain, HasWhatLibvirtAddsByItself) {
    const auto vm = read("<domain type='kvm'><os><type machine='q35'>hvm</type></os><devices>" +
                         hostdev("1") + "</devices></domain>");

    EXPECT_THAT(
        devices_of(vm),
        ElementsAre("pcie-root-port pci.1 pcie.0 0x1", "pcie-root-port pci.2 pcie.0 0x1.0x1",
                    "pcie-root-port pci.3 pcie.0 0x1.0x2", "pcie-root-port pci.4 pcie.0 0x1.0x3",
                    "qemu-xhci usb pci.1 0x0", "virtio-balloon-pci balloon0 pci.3 0x0",
                    "vfio-pci hostdev0 pci.2 0x0"));
    EXPECT_TRUE(device_of(vm, "balloon0").added);
    EXPECT_FALSE(device_of(vm, "hostdev0").added);
}

TEST(Domain, TellsOfOtherFunctionsOfASlotWhereThereAreSome) {
    const auto vm = read(
        domain("<controller type='pci' index='1' model='pcie-root-port'/>\n" + hostdev("0x65")));

    EXPECT_EQ(device_of(vm, "pci.1").properties.text("multifunction"), "");
}

TEST(Domain, BuildsSwitchesAndRootsOfNodes) {
    const auto vm = read(domain(
        "<controller type='pci' index='1' model='pcie-expander-bus'><target busNr='64'>"
        "<node>1</node></target></controller>\n"
        "<controller type='pci' index='2' model='pcie-root-port'><address type='pci' bus='1' "
        "slot='0'/></controller>\n"
        "<controller type='pci' index='3' model='pcie-switch-upstream-port'><address type='pci' "
        "bus='2' slot='0'/></controller>\n"
        "<controller type='pci' index='4' model='pcie-switch-downstream-port'/>\n" +
        hostdev("0x65", "<address type='pci' bus='4' slot='0'/>")));

    EXPECT_THAT(devices_of(vm),
                ElementsAre("pxb-pcie pci.1 pcie.0 0x1", "pcie-root-port pci.2 pci.1 0x0",
                            "x3130-upstream pci.3 pci.2 0x0", "xio3130-downstream pci.4 pci.3 0x0",
                            "vfio-pci hostdev0 pci.4 0x0"));
    EXPECT_EQ(device_of(vm, "pci.1").properties.text("bus_nr"), "64");
    EXPECT_EQ(device_of(vm, "pci.1").properties.text("numa_node"), "1");
    EXPECT_THAT(guest::make_tree(vm).problems, IsEmpty());
}

TEST(Domain, GivesFunctionsWhatIsSaidOfThem) {
    const auto vm = read(domain(
        hostdev("0x65",
                "<driver name='vfio' iommufd='yes'/><rom bar='off' file='/a.rom'/>"
                "<alias name='ua-gpu'/>") +
        "<interface type='hostdev'><source><address type='pci' domain='0' bus='0x66' slot='2' "
        "function='1'/></source></interface>\n"
        "<hostdev type='mdev' model='vfio-pci'><source><address "
        "uuid='c2ae8f55-51f8-4b9a-8f0f-0242ac120002'/></source></hostdev>\n"
        "<hostdev type='usb'><source/></hostdev>\n" +
        hostdev("0x67")));

    const auto& gpu = device_of(vm, "ua-gpu");
    EXPECT_EQ(gpu.properties.text("iommufd"), "iommufd0");
    EXPECT_EQ(gpu.properties.text("rombar"), "0");
    EXPECT_EQ(gpu.properties.text("romfile"), "/a.rom");
    EXPECT_EQ(gpu.origin, "<hostdev mode='subsystem' type='pci' managed='yes'> 0000:65:00.0");
    ASSERT_EQ(vm.objects.size(), 1u);
    EXPECT_EQ(vm.objects[0].type, "iommufd");
    EXPECT_EQ(device_of(vm, "hostdev1").properties.text("host"), "0000:66:02.1");
    EXPECT_TRUE(said::is_mediated(device_of(vm, "hostdev2")));
    EXPECT_EQ(device_of(vm, "hostdev4").properties.text("host"), "0000:67:00.0");
}

TEST(Domain, TakesIommufdForAll) {
    const auto vm = read(
        domain(hostdev("1") + hostdev("2", "<driver iommufd='no'/>"), "<iommufd enabled='yes'/>"));

    EXPECT_EQ(device_of(vm, "hostdev0").properties.text("iommufd"), "iommufd0");
    EXPECT_EQ(device_of(vm, "hostdev1").properties.text("iommufd"), "");
}

TEST(Domain, MakesTheViommuBeforeFunctions) {
    const auto vm =
        read(domain(hostdev("1") + "<iommu model='intel'><driver intremap='on' caching_mode='on' "
                                   "iotlb='on' aw_bits='48'/></iommu>\n"));
    const auto& viommu = device_of(vm, "iommu0");

    EXPECT_EQ(viommu.type, "intel-iommu");
    EXPECT_EQ(viommu.properties.text("caching-mode"), "on");
    EXPECT_EQ(viommu.properties.text("device-iotlb"), "on");
    EXPECT_EQ(viommu.properties.text("aw-bits"), "48");
    EXPECT_LT(&viommu, &device_of(vm, "hostdev0"));
}

TEST(Domain, AppliesOverrides) {
    const auto vm =
        read(domain(hostdev("1", "<rom bar='off'/><alias name='ua-a'/>"),
                    "<qemu:override><qemu:device alias='ua-a'><qemu:frontend>"
                    "<qemu:property name='x-pci-device-id' type='unsigned' value='4660'/>"
                    "<qemu:property name='x-no-mmap' type='bool' value='true'/>"
                    "<qemu:property name='rombar' type='remove'/></qemu:frontend></qemu:device>"
                    "<qemu:device alias='ua-none'/></qemu:override>\n"));
    const auto& device = device_of(vm, "ua-a");

    EXPECT_EQ(device.properties.text("x-pci-device-id"), "4660");
    EXPECT_EQ(device.properties.text("x-no-mmap"), "on");
    EXPECT_EQ(device.properties.find("rombar"), nullptr);
    EXPECT_THAT(vm.mistakes, IsEmpty());
    ASSERT_EQ(vm.unknown.size(), 1u);
    EXPECT_THAT(vm.unknown[0].word, HasSubstr("ua-none"));
}

TEST(Domain, HandsWordsToQemu) {
    const auto vm = read(domain(hostdev("1"),
                                "<qemu:commandline><qemu:arg value='-device'/>\n"
                                "<qemu:arg value='edu,addr=9'/><qemu:env name='A' value='b'/>"
                                "</qemu:commandline>\n"));

    EXPECT_EQ(vm.devices.back().type, "edu");
    EXPECT_EQ(vm.devices.back().form, said::Form::Keys);
    EXPECT_EQ(to_string(vm.devices.back().place), "vm.xml:6");
}

TEST(Domain, ReckonsHowMuchMayBeLocked) {
    const auto limit_of = [](std::string_view devices, std::string_view beside) {
        return read(domain(devices, beside)).lock_limit;
    };
    const auto two = hostdev("1") + hostdev("2");
    constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

    EXPECT_EQ(limit_of(two, "")->bytes, 9 * gibibyte);
    EXPECT_EQ(limit_of(two + "<iommu model='virtio'/>", "")->bytes, 17 * gibibyte);
    EXPECT_EQ(limit_of(two, "<memtune><hard_limit unit='G'>3</hard_limit></memtune>")->bytes,
              3 * gibibyte);
    EXPECT_FALSE(limit_of(two, "<memoryBacking><locked/></memoryBacking>"));
    EXPECT_FALSE(limit_of("", ""));
}

TEST(Domain, NamesWhatItDoesNotKnow) {
    const auto vm =
        read(domain("<gizmo a='b'/>\n<hostdev type='pci'/>\n"
                    "<controller type='pci' index='1' model='odd'/>\n"
                    "<controller type='pci' index='999' model='pcie-root-port'/>\n"));

    ASSERT_EQ(vm.unknown.size(), 2u);
    EXPECT_EQ(vm.unknown[0].word, "<gizmo a='b'>");
    EXPECT_EQ(vm.mistakes.size(), 2u);
}

TEST(Domain, BoundsWhatItReads) {
    std::string many;
    for (unsigned n = 0; n < 5000; ++n)
        many += hostdev(std::to_string(n % 200));
    const auto vm = read(domain(many));

    EXPECT_LE(vm.devices.size(), said::most_options);
    EXPECT_LE(vm.unknown.size(), said::most_notes);
}

}  // namespace
}  // namespace tenon::managed::libvirt
