// Configurations in which nothing is wrong, and nothing is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

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

class Sound : public testing::TestWithParam<std::string_view> {};

TEST_P(Sound, HasNoFinding) { EXPECT_THAT(support::traps_in(GetParam()), IsEmpty()); }

TEST_P(Sound, IsUnderstood) {
    const auto words = qemu::read_command(GetParam(), "vm.sh");
    ASSERT_TRUE(words);
    const auto read = qemu::read_command_line(*words, nullptr);
    ASSERT_TRUE(read);

    EXPECT_THAT(read->unknown, IsEmpty());
    EXPECT_THAT(guest::make_tree(*read).unplaced, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, Sound, testing::ValuesIn(sound));

}  // namespace
}  // namespace tenon::managed::traps
