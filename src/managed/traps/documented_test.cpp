// Configurations as guides and documentation of the managers show them, written anew, with what is
// found in each: reviewed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/support/diagnosed.hpp"

namespace tenon::managed::traps {
namespace {

struct Documented {
    std::string_view what;
    std::string_view text;
    std::vector<std::string_view> traps;  // In the order in which they are told.
};

std::vector<Documented> documented() {
    return {
        {"a graphics card with its sound on the root bus, hidden from its driver",
         "qemu-system-x86_64 -enable-kvm -M q35 -m 8G -cpu host,kvm=off,hv_vendor_id=none1234 "
         "-drive if=pflash,format=raw,readonly=on,file=OVMF_CODE.fd -vga none -nographic "
         "-device vfio-pci,host=01:00.0,multifunction=on -device vfio-pci,host=01:00.1",
         {"root-bus", "root-bus", "hidden-hypervisor"}},
        {"the same behind the older root port",
         "qemu-system-x86_64 -enable-kvm -M q35 -m 8G -cpu host -vga none "
         "-device ioh3420,bus=pcie.0,addr=1c.0,multifunction=on,port=1,chassis=1,id=root.1 "
         "-device vfio-pci,host=01:00.0,bus=root.1,addr=00.0,multifunction=on,x-vga=on "
         "-device vfio-pci,host=01:00.1,bus=root.1,addr=00.1",
         {"atomics-lost", "slower-link", "slower-link"}},
        {"the old machine with x-vga beside a display",
         "qemu-system-x86_64 -enable-kvm -m 4G -cpu host "
         "-device vfio-pci,host=01:00.0,x-vga=on",
         {"conventional-bus", "needless-vga"}},
        {"a vIOMMU as guides to nested assignment have it, and a function on the root bus",
         "qemu-system-x86_64 -M q35,accel=kvm,kernel-irqchip=split -m 4G "
         "-device intel-iommu,intremap=on,caching-mode=on -device vfio-pci,host=02:00.0",
         {"root-bus"}},
        {"a vIOMMU that was added at the end",
         "qemu-system-x86_64 -M q35,accel=kvm -m 4G -device pcie-root-port,id=rp "
         "-device vfio-pci,host=02:00.0,bus=rp -device intel-iommu,intremap=on",
         {"viommu-without-caching-mode", "viommu-after-functions",
          "remapping-without-split-irqchip"}},
        {"Intel's graphics in legacy mode on q35",
         "qemu-system-x86_64 -M q35 -m 4G -vga none -nic none "
         "-device vfio-pci,host=00:02.0,addr=2,x-igd-legacy-mode=on",
         {"graphics-place"}},
        {"two ports that differ in their names alone",
         "qemu-system-x86_64 -M q35 -device pcie-root-port,id=a -device pcie-root-port,id=b",
         {"chassis-repeated"}},
        {"Proxmox: the whole card as the primary display",
         "bios: ovmf\ncpu: host\nmachine: q35\nmemory: 16384\n"
         "hostpci0: 01:00,pcie=on,x-vga=on\n",
         {"atomics-lost", "hidden-hypervisor", "balloon"}},
        {"Proxmox: a device without any flag",
         "cpu: host\nmemory: 4096\nhostpci0: 02:00.0\n",
         {"conventional-bus", "balloon"}},
        {"Proxmox: a CPU in args",
         "args: -cpu 'host,+kvm_pv_eoi,hv_vendor_id=abc,kvm=off'\nballoon: 0\ncpu: host\n"
         "machine: q35\nhostpci0: 01:00.0,pcie=1\n",
         {"hidden-hypervisor", "cpu-replaced"}},
        {"Proxmox: nested assignment by virtio-iommu",
         "balloon: 0\ncpu: host\nmachine: q35,viommu=virtio\nhostpci0: 01:00.0,pcie=1\n",
         {"viommu-after-functions"}},
        {"libvirt: two functions of a card kept together, as for its sound",
         "<domain type='kvm'><memory unit='GiB'>8</memory><os><type machine='q35'>hvm</type></os>"
         "<features><kvm><hidden state='on'/></kvm><hyperv><vendor_id state='on' value='abc'/>"
         "</hyperv></features><cpu mode='host-passthrough'/><devices>"
         "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' "
         "bus='0x01' slot='0x00' function='0x0'/></source><address type='pci' domain='0x0000' "
         "bus='0x05' slot='0x00' function='0x0' multifunction='on'/></hostdev>"
         "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' "
         "bus='0x01' slot='0x00' function='0x1'/></source><address type='pci' domain='0x0000' "
         "bus='0x05' slot='0x00' function='0x1'/></hostdev>"
         "<memballoon model='virtio'/></devices></domain>",
         {"atomics-lost", "hidden-hypervisor", "balloon"}},
        {"libvirt: a device for shared frames in qemu:commandline",
         "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><os><type "
         "machine='q35'>hvm</type></os><cpu mode='host-passthrough'/><devices><hostdev type='pci'>"
         "<source><address bus='0x01'/></source></hostdev></devices><qemu:commandline><qemu:arg "
         "value='-device'/><qemu:arg value='ivshmem-plain,memdev=looking'/><qemu:arg "
         "value='-object'/><qemu:arg value='memory-backend-file,id=looking,size=32M,share=on,"
         "mem-path=/dev/shm/a'/></qemu:commandline></domain>",
         {"address-taken"}},
        {"KubeVirt: devices on the root complex, and the hypervisor hidden",
         "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata:\n  annotations:\n"
         "    kubevirt.io/placePCIDevicesOnRootComplex: \"true\"\nspec:\n  domain:\n"
         "    features: {kvm: {hidden: true}}\n    devices:\n      gpus:\n      - name: a\n"
         "        deviceName: b.example/c\n",
         {"root-bus", "hidden-hypervisor"}},
    };
}

class DocumentedConfiguration : public testing::TestWithParam<Documented> {};

TEST_P(DocumentedConfiguration, HasTheFindingsThatItShould) {
    EXPECT_THAT(support::traps_in(GetParam().text), testing::ElementsAreArray(GetParam().traps))
        << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(All, DocumentedConfiguration, testing::ValuesIn(documented()));

}  // namespace
}  // namespace tenon::managed::traps
