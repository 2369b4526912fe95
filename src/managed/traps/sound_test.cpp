// Configurations in which nothing is wrong, and nothing is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "tests/support/diagnosed.hpp"

namespace tenon::managed::traps {
namespace {

using testing::IsEmpty;

constexpr auto sound = std::to_array<std::string_view>({
    // Without a device of the host.
    "qemu-system-x86_64 -enable-kvm -m 2G -smp 4 -cpu host -drive file=disk.qcow2,if=virtio "
    "-nographic",
    "qemu-system-x86_64 -M pc -m 512 -cdrom debian.iso -boot d -vga std",
    "qemu-system-x86_64 -M q35,accel=kvm:tcg -cpu max -m 8G -device virtio-net-pci,netdev=n "
    "-netdev user,id=n -device virtio-balloon-pci -device qemu-xhci -device usb-tablet",
    "qemu-system-x86_64 -M microvm -m 512 -kernel bzImage -append console=ttyS0 "
    "-device virtio-blk-device,drive=d -drive id=d,file=disk,if=none",
    "qemu-system-aarch64 -M virt -cpu max -m 2G -device pcie-root-port,id=rp "
    "-device virtio-net-pci,bus=rp",
    "qemu-system-x86_64 -M q35 -m 4G -device intel-iommu -device virtio-blk-pci,drive=d "
    "-drive id=d,file=x,if=none",
    "qemu-system-x86_64 -M q35 -m 4G,slots=4,maxmem=64G -object memory-backend-ram,id=m,size=1G "
    "-device pc-dimm,memdev=m",
    "qemu-system-x86_64 -M q35 -device pcie-root-port,id=a,chassis=1 "
    "-device pcie-root-port,id=b,chassis=2 -device nvme,bus=a,serial=1,drive=d "
    "-drive id=d,file=x,if=none -device e1000e,bus=b",
    "qemu-system-x86_64 -M q35 -nodefaults -device "
    "pcie-root-port,id=a,addr=1.0,multifunction=on,chassis=1 "
    "-device pcie-root-port,id=b,addr=1.1,chassis=2 -device pcie-root-port,id=c,addr=1.2,chassis=3",
    "qemu-system-x86_64 -M q35 -device pcie-root-port,id=rp -device x3130-upstream,id=u,bus=rp "
    "-device xio3130-downstream,id=d0,bus=u,chassis=5 -device "
    "xio3130-downstream,id=d1,bus=u,chassis=6 "
    "-device e1000e,bus=d0 -device nvme,bus=d1,serial=a",
    "qemu-system-x86_64 -M q35 -device pcie-pci-bridge,id=br -device e1000,bus=br,addr=1 "
    "-device e1000,bus=br,addr=2",
    "qemu-system-x86_64 -M pc -device pci-bridge,id=br,chassis_nr=1 -device e1000,bus=br,addr=3",
    "qemu-system-x86_64 -M q35 -device pxb-pcie,id=x,bus_nr=32,numa_node=0 -m 2G -numa node "
    "-device pcie-root-port,id=rp,bus=x,chassis=1 -device virtio-scsi-pci,bus=rp -device scsi-hd",
    "qemu-system-x86_64 -M q35,accel=kvm,kernel-irqchip=split -device "
    "intel-iommu,intremap=on,eim=on "
    "-smp 300",
    "qemu-system-x86_64 -M q35 -usb -device usb-tablet -device ich9-intel-hda -device hda-duplex",
    // A device behind a port of its own.
    "qemu-system-x86_64 -M q35 -enable-kvm -cpu host -m 16G -nodefaults -device "
    "pcie-root-port,id=rp1,chassis=1 -device vfio-pci,host=0000:65:00.0,bus=rp1",
    "qemu-system-x86_64 -M q35 -accel kvm -cpu host,migratable=off -m 16G -nographic "
    "-device pcie-root-port,id=rp1,chassis=1,slot=1,x-speed=32 -device "
    "vfio-pci,host=65:00.0,bus=rp1",
    "/usr/bin/kvm -M q35 -cpu EPYC-Milan -m 16G -device pcie-root-port,id=a,chassis=1 "
    "-device pcie-root-port,id=b,chassis=2 -device vfio-pci,host=0b:00.0,bus=a "
    "-device vfio-pci,host=0b:00.1,bus=b",
    // Virtual functions of one network card: devices of their own.
    "qemu-system-x86_64 -M q35 -cpu host -device pcie-root-port,id=a,chassis=1 "
    "-device pcie-root-port,id=b,chassis=2 -device vfio-pci,host=3b:02.0,bus=a "
    "-device vfio-pci,host=3b:02.1,bus=b",
    "qemu-system-x86_64 -M q35 -cpu host -object iommufd,id=iommufd0 -device "
    "pcie-root-port,id=rp -device vfio-pci,host=65:00.0,iommufd=iommufd0,bus=rp",
    "qemu-system-x86_64 -M q35 -cpu host -device pcie-root-port,id=rp "
    "-device vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:65:00.0,bus=rp",
    "qemu-system-x86_64 -M q35 -cpu host -device vfio-pci,"
    "sysfsdev=/sys/bus/mdev/devices/c2ae8f55-51f8-4b9a-8f0f-0242ac120002,display=on,ramfb=on",
    // Intel's graphics belongs onto the root bus.
    "qemu-system-x86_64 -M pc -nodefaults -cpu host -device vfio-pci,host=00:02.0,addr=2.0",
    "qemu-system-x86_64 -M q35 -nodefaults -cpu host -device vfio-pci,host=00:02.0,addr=2.0 -vga "
    "none",
    // With a vIOMMU in front of it.
    "qemu-system-x86_64 -M q35,accel=kvm,kernel-irqchip=split -cpu host -device "
    "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on -device pcie-root-port,id=rp "
    "-device vfio-pci,host=65:00.0,bus=rp",
    "qemu-system-x86_64 -M q35 -enable-kvm -cpu host -device virtio-iommu-pci "
    "-device pcie-root-port,id=rp -device vfio-pci,host=65:00.0,bus=rp",
    "qemu-system-x86_64 -M q35,accel=kvm,kernel_irqchip=split -cpu host -object iommufd,id=f "
    "-device "
    "intel-iommu,scalable-mode=on,fsts=on,caching-mode=on,pasid-bits=20 -device "
    "pcie-root-port,id=rp "
    "-device vfio-pci,host=65:00.0,bus=rp,iommufd=f",
    // A GPU for Windows with UEFI.
    "qemu-system-x86_64 -M q35 -enable-kvm -m 16G -cpu "
    "host,hv_relaxed,hv_vapic,hv_time,hv_spinlocks=0x1fff "
    "-drive if=pflash,format=raw,readonly=on,file=OVMF_CODE.fd -nodefaults "
    "-device pcie-root-port,id=rp,hotplug=off -device "
    "vfio-pci,host=01:00.0,bus=rp,romfile=card.rom",
    // As libvirt writes it.
    R"(/usr/bin/qemu-system-x86_64 -name guest=a,debug-threads=on -S -machine pc-q35-9.2,usb=off,dump-guest-core=off,acpi=on -accel kvm -cpu host,migratable=on -m size=4194304k -overcommit mem-lock=off -smp 4,sockets=4,cores=1,threads=1 -uuid 6a0b6f1e-0000-4000-8000-000000000000 -display none -no-user-config -nodefaults -chardev socket,id=charmonitor,fd=30,server=on,wait=off -mon chardev=charmonitor,id=monitor,mode=control -rtc base=utc -no-shutdown -boot strict=on -device '{"driver":"pcie-root-port","port":8,"chassis":1,"id":"pci.1","bus":"pcie.0","multifunction":true,"addr":"0x1"}' -device '{"driver":"pcie-root-port","port":9,"chassis":2,"id":"pci.2","bus":"pcie.0","addr":"0x1.0x1"}' -device '{"driver":"qemu-xhci","id":"usb","bus":"pci.1","addr":"0x0"}' -audiodev '{"id":"audio1","driver":"none"}' -global ICH9-LPC.noreboot=off -device '{"driver":"vfio-pci","host":"0000:66:00.0","id":"hostdev0","bus":"pci.2","addr":"0x0"}' -sandbox on,obsolete=deny -msg timestamp=on)",
    // In several lines, in a script.
    "#!/bin/sh\nset -e\nmodprobe vfio-pci\nexec qemu-system-x86_64 \\\n  -M q35 -cpu host \\\n"
    "  -device pcie-root-port,id=rp \\\n  -device vfio-pci,host=65:00.0,bus=rp\n",
});

// .conf of Proxmox.
constexpr auto sound_of_proxmox = std::to_array<std::string_view>({
    "machine: q35\ncpu: host\nmemory: 8192\nballoon: 0\nhostpci0: 01:00.0,pcie=1\n",
    "machine: pc-q35-9.2+pve1\nbios: ovmf\ncpu: host,flags=+pcid\nballoon: 0\n"
    "efidisk0: local:1,efitype=4m\nhostpci0: 0000:01:00.0,pcie=1,rombar=0\n"
    "hostpci1: 0000:01:00.1,pcie=1\n",
    "cpu: x86-64-v2-AES\nmemory: 2048\nnet0: virtio,bridge=vmbr0\nscsi0: local:1\nvga: qxl\n",
    "machine: q35,viommu=intel\ncpu: host\nballoon: 0\nhostpci0: 01:00.0,pcie=1\n",
    "machine: q35,viommu=virtio\ncpu: host\nmemory: 2048\n",
    "machine: q35\nballoon: 0\nnuma: 1\nhugepages: 1024\ncpu: EPYC,phys-bits=host\n"
    "hostpci0: mapping=card,pcie=1\n",
    "balloon: 0\nhostpci0: 00:02.0\n",
    "machine: q35\nballoon: 0\nhostpci0: 01:00.0,pcie=1,mdev=nvidia-63\n",
    // Four disks of NVMe and a network card, one by one.
    "agent: 1\nballoon: 0\nbios: ovmf\ncores: 16\ncpu: host\nmachine: q35\nmemory: 65536\n"
    "hostpci0: 41:00.0,pcie=1\nhostpci1: 42:00.0,pcie=1\nhostpci2: 43:00.0,pcie=1\n"
    "hostpci3: 44:00.0,pcie=1\nhostpci4: 45:00.0,pcie=1\nostype: l26\nnuma: 1\n",
    // A snapshot with another machine does not count.
    "balloon: 0\ncpu: host\nmachine: q35\nhostpci0: 01:00.0,pcie=1\nparent: before\n\n[before]\n"
    "machine: pc\nhostpci0: 01:00\n",
    // The port of a faster card.
    "balloon: 0\ncpu: host\nmachine: q35\nhostpci0: 01:00.0,pcie=1\n"
    "args: -set device.ich9-pcie-port-1.x-speed=32\n",
});

// Parts of domains that are alike in all.
constexpr auto head =
    "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "<name>vm</name><memory unit='KiB'>16777216</memory><vcpu>8</vcpu>\n"
    "<os><type arch='x86_64' machine='pc-q35-9.2'>hvm</type><boot dev='hd'/></os>\n";
constexpr auto made_by_a_tool =
    "<!-- WARNING: made by a tool -->\n<domain type='qemu'><memory>1048576</memory><os><type "
    "machine='pc'>hvm</type></os><devices><controller type='ide' index='0'/><video><model "
    "type='cirrus'/></video><memballoon model='virtio'/></devices></domain>";
constexpr auto host_cpu = "<cpu mode='host-passthrough' check='none' migratable='on'/>\n";
constexpr auto usual =
    "<emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>\n"
    "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>\n"
    "<interface type='network'><source network='default'/><model type='virtio'/></interface>\n"
    "<serial type='pty'><target type='isa-serial' port='0'/></serial>\n"
    "<console type='pty'/><channel type='unix'><target type='virtio' name='a'/></channel>\n"
    "<input type='mouse' bus='ps2'/><rng model='virtio'/>\n"
    "<watchdog model='itco' action='reset'/><memballoon model='none'/>\n";

std::string domain(std::string_view beside, std::string_view devices) {
    return fmt::format("{}{}<devices>\n{}</devices>\n</domain>\n", head, beside, devices);
}

std::string hostdev(std::string_view host, std::string_view inside = "") {
    return fmt::format(
        "<hostdev mode='subsystem' type='pci' managed='yes'>\n<source><address domain='0x0000' "
        "bus='0x{}' slot='0x{}' function='0x{}'/></source>\n{}</hostdev>\n",
        host.substr(0, 2), host.substr(3, 2), host.substr(6, 1), inside);
}

std::string port(unsigned index, std::string_view inside = "") {
    return fmt::format("<controller type='pci' index='{}' model='pcie-root-port'>{}</controller>\n",
                       index, inside);
}

std::string at(unsigned bus) {
    return fmt::format(
        "<address type='pci' domain='0x0000' bus='{:#04x}' slot='0x00' function='0x0'/>", bus);
}

// Domains of libvirt.
std::vector<std::string> sound_of_libvirt() {
    const std::string gpu = hostdev("65:00.0");
    return {
        domain("<features><acpi/><apic/></features>\n", usual),
        domain(host_cpu, usual + gpu),
        // As it is after libvirt has given all addresses.
        domain(host_cpu,
               "<controller type='pci' index='0' model='pcie-root'/>\n" +
                   port(1,
                        "<model name='pcie-root-port'/><target chassis='1' port='0x10'/>"
                        "<address type='pci' domain='0x0000' bus='0x00' slot='0x02' "
                        "function='0x0' multifunction='on'/>") +
                   port(2,
                        "<model name='pcie-root-port'/><target chassis='2' port='0x11'/>"
                        "<address type='pci' domain='0x0000' bus='0x00' slot='0x02' "
                        "function='0x1'/>") +
                   "<video><model type='virtio' heads='1' primary='yes'/><address type='pci' "
                   "domain='0x0000' bus='0x00' slot='0x01' function='0x0'/></video>\n"
                   "<controller type='sata' index='0'><address type='pci' domain='0x0000' "
                   "bus='0x00' slot='0x1f' function='0x2'/></controller>\n"
                   "<memballoon model='none'/>" +
                   hostdev("65:00.0", at(2))),
        // A card and its sound on ports of their own.
        domain(host_cpu, usual + gpu + hostdev("65:00.1")),
        // Virtual functions of a network card, as interfaces.
        domain(host_cpu,
               usual +
                   std::string{
                       "<interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:01'/>"
                       "<driver name='vfio'/><source><address type='pci' domain='0x0000' "
                       "bus='0x3b' slot='0x02' function='0x0'/></source></interface>\n"
                       "<interface type='hostdev' managed='yes'><source><address type='pci' "
                       "domain='0x0000' bus='0x3b' slot='0x02' function='0x1'/></source>"
                       "</interface>\n"}),
        // A vIOMMU that remaps interrupts.
        domain(std::string{host_cpu} + "<features><ioapic driver='qemu'/></features>\n",
               gpu + "<iommu model='intel'><driver intremap='on' caching_mode='on' eim='on'/>"
                     "</iommu><memballoon model='none'/>"),
        domain(host_cpu, gpu + "<iommu model='virtio'/>"),
        domain(host_cpu,
               gpu + hostdev("66:00.0") +
                   "<iommu model='intel'><driver caching_mode='on' aw_bits='48' iotlb='on'/>"
                   "</iommu>"),
        // Through iommufd.
        domain(host_cpu, hostdev("65:00.0", "<driver name='vfio' iommufd='yes'/>")),
        domain(std::string{"<iommufd enabled='yes'/>"} + host_cpu, gpu + hostdev("66:00.0")),
        // Huge pages that are locked, and a CPU with a name and the host's width.
        domain("<memoryBacking><hugepages><page size='1' unit='GiB'/></hugepages><locked/>"
               "</memoryBacking><cpu mode='custom'><model>EPYC-Milan</model><maxphysaddr "
               "mode='passthrough' limit='46'/></cpu>\n",
               gpu),
        domain(
            "<cpu mode='host-model'/><memtune><hard_limit unit='GiB'>20</hard_limit></memtune>\n",
            gpu),
        // Windows with a display that cannot be ejected.
        domain(std::string{host_cpu} +
                   "<features><hyperv><relaxed state='on'/><vapic state='on'/><spinlocks "
                   "state='on' retries='8191'/></hyperv></features>\n",
               port(1, "<target hotplug='off'/>") +
                   hostdev("65:00.0", "<rom file='/var/lib/rom'/>" + at(1))),
        // Ports below the root of a node.
        domain(host_cpu,
               std::string{"<controller type='pci' index='1' model='pcie-expander-bus'><target "
                           "busNr='128'><node>0</node></target></controller>\n"} +
                   port(2, "<address type='pci' bus='0x01' slot='0x00' function='0x0'/>") +
                   hostdev("65:00.0", at(2))),
        // Intel's graphics, and a mediated device.
        domain(host_cpu, hostdev("00:02.0", "<address type='pci' bus='0' slot='2' function='0'/>")),
        domain(
            host_cpu,
            "<hostdev mode='subsystem' type='mdev' model='vfio-pci' display='on'><source>"
            "<address uuid='c2ae8f55-51f8-4b9a-8f0f-0242ac120002'/></source></hostdev>"
            "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>"),
        // What libvirt has no words for.
        domain(std::string{host_cpu} +
                   "<qemu:override><qemu:device alias='pci.1'><qemu:frontend><qemu:property "
                   "name='x-speed' type='string' value='32'/></qemu:frontend></qemu:device>"
                   "<qemu:device alias='ua-gpu'><qemu:frontend><qemu:property name='ats' "
                   "type='string' value='off'/></qemu:frontend></qemu:device></qemu:override>\n",
               hostdev("65:00.0", "<alias name='ua-gpu'/>")),
        domain(std::string{host_cpu} +
                   "<qemu:commandline><qemu:arg value='-fw_cfg'/><qemu:arg "
                   "value='name=opt/ovmf/X-PciMmio64Mb,string=262144'/></qemu:commandline>\n",
               gpu),
        // Conventional devices that are emulated belong behind a bridge.
        domain("",
               "<interface type='user'><model type='e1000'/></interface><sound model='ich6'/>"
               "<shmem name='a'><model type='ivshmem-plain'/></shmem>"),
        // In a state of a running guest, and without a host's device on a pc.
        "<domstatus state='running' pid='7'>\n" + domain(host_cpu, gpu) + "</domstatus>\n",
        made_by_a_tool,
    };
}

// Objects of KubeVirt.
constexpr auto sound_of_kubevirt = std::to_array<std::string_view>({
    "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata: {name: a}\nspec:\n"
    "  domain:\n    memory: {guest: 4Gi}\n    devices: {disks: [{name: d, disk: {bus: virtio}}]}\n",
    "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata:\n  name: a\nspec:\n"
    "  runStrategy: Always\n  template:\n    spec:\n      domain:\n"
    "        cpu: {cores: 8, model: host-passthrough, dedicatedCpuPlacement: true}\n"
    "        firmware: {bootloader: {efi: {secureBoot: false}}}\n"
    "        memory: {guest: 64Gi, hugepages: {pageSize: 1Gi}}\n"
    "        devices:\n          gpus:\n          - name: one\n            deviceName: "
    "a.example/CARD\n"
    "          - name: two\n            deviceName: a.example/CARD\n",
    "{\"apiVersion\": \"kubevirt.io/v1\", \"kind\": \"VirtualMachineInstance\", \"spec\":\n"
    "{\"domain\": {\"devices\": {\"autoattachMemBalloon\": false, \"interfaces\": [{\"name\":\n"
    "\"net\", \"sriov\": {}}]}, \"resources\": {\"requests\": {\"memory\": \"2G\"}}}}}",
});

std::vector<std::string> all() {
    std::vector<std::string> texts{sound.begin(), sound.end()};
    texts.insert(texts.end(), sound_of_proxmox.begin(), sound_of_proxmox.end());
    texts.insert(texts.end(), sound_of_kubevirt.begin(), sound_of_kubevirt.end());
    std::ranges::move(sound_of_libvirt(), std::back_inserter(texts));
    return texts;
}

class Sound : public testing::TestWithParam<std::string> {};

TEST_P(Sound, HasNoFinding) { EXPECT_THAT(support::traps_in(GetParam()), IsEmpty()) << GetParam(); }

TEST_P(Sound, IsUnderstood) {
    const auto read = support::read_any(GetParam());
    ASSERT_TRUE(read);

    EXPECT_THAT(read->unknown, IsEmpty()) << GetParam();
    EXPECT_THAT(read->mistakes, IsEmpty());
    EXPECT_THAT(guest::make_tree(*read).unplaced, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, Sound, testing::ValuesIn(all()));

TEST(SoundConfigurations, AreSixtyAtLeast) { EXPECT_GE(all().size(), 60u); }

}  // namespace
}  // namespace tenon::managed::traps
