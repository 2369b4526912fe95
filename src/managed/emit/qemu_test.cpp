#include "managed/emit/qemu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "managed/emit/prepared.hpp"
#include "managed/emit/words.hpp"
#include "managed/qemu/shell_words.hpp"

namespace tenon::managed::emit {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

Machine nvme() {
    Machine machine;
    machine.memory.size = gibibyte;
    machine.ports = {{.name = "rp0", .slot = 1, .physical_slot = 1}};
    Function one{.id = "dev0", .host = "0000:65:00.0"};
    one.address = pci::Address{.bus = 0x65};
    machine.ports[0].functions = {one};
    return machine;
}

TEST(QemuCommand, IsOneCommandForAShell) {
    auto machine = nvme();
    machine.ports[0].speed = 4;
    machine.ports[0].width = 4;

    EXPECT_EQ(qemu_command(machine),
              "# The guest of Tenon's plan under QEMU 11.1. Firmware, disks, network and a console "
              "are yours to add\n"
              "qemu-system-x86_64 -nodefaults \\\n"
              "  -machine q35,accel=kvm \\\n"
              "  -cpu host \\\n"
              "  -smp 1 \\\n"
              "  -m 1G \\\n"
              "  -device pcie-root-port,id=rp0,bus=pcie.0,addr=1.0,chassis=1,slot=1,x-speed=16,"
              "x-width=4 \\\n"
              "  -device vfio-pci,id=dev0,host=0000:65:00.0,bus=rp0,addr=0.0\n");
}

TEST(QemuCommand, GivesAFunctionWhatThePlanDecided) {
    auto machine = nvme();
    auto& one = machine.ports[0].functions[0];
    one.ats = Ats::Off;
    one.msix_bar = 2;
    one.pasid_at = 0x1a0;
    one.rom = Rom::None;
    one.iommufd = true;

    const auto text = qemu_command(machine);

    EXPECT_THAT(text, HasSubstr("-object iommufd,id=iommufd0"));
    EXPECT_THAT(text, HasSubstr("addr=0.0,iommufd=iommufd0,ats=off,x-msix-relocation=bar2,"
                                "x-vpasid-cap-offset=416,rombar=0\n"));
    EXPECT_THAT(text, HasSubstr("# - ats= is a word of QEMU 11.1"));
}

TEST(QemuCommand, PutsTheViommuInFrontOfEveryFunction) {
    auto machine = nvme();
    machine.viommu = Viommu{.device_tlb = true, .scalable = true, .address_bits = 39};

    const auto text = qemu_command(machine);

    EXPECT_THAT(text, HasSubstr("-machine q35,accel=kvm,kernel-irqchip=split"));
    EXPECT_THAT(text, HasSubstr("-device intel-iommu,intremap=on,caching-mode=on,aw-bits=39,"
                                "device-iotlb=on,scalable-mode=on"));
    EXPECT_LT(text.find("-device intel-iommu"), text.find("-device vfio-pci"));
}

TEST(QemuCommand, TakesTheIrqchipApartForRemappingAlone) {
    auto machine = nvme();
    machine.viommu = Viommu{.interrupt_remapping = false};

    EXPECT_THAT(qemu_command(machine), Not(HasSubstr("kernel-irqchip")));
    EXPECT_THAT(qemu_command(machine), HasSubstr("intremap=off"));
}

TEST(QemuCommand, TakesMemoryFromHugePagesOfANode) {
    auto machine = nvme();
    machine.memory = {.size = 4 * gibibyte, .page = gibibyte, .node = 1, .strict = true};

    EXPECT_THAT(qemu_command(machine),
                HasSubstr("-m 4G \\\n  -object memory-backend-memfd,id=ram,size=4G,hugetlb=on,"
                          "hugetlbsize=1G,prealloc=on,host-nodes=1,policy=bind"));
    EXPECT_THAT(qemu_command(machine), HasSubstr(",memory-backend=ram"));
    machine.memory = {.size = 4 * gibibyte, .node = 0};
    EXPECT_THAT(qemu_command(machine), HasSubstr("memory-backend-ram,id=ram,size=4G,host-nodes=0,"
                                                 "policy=preferred"));
}

TEST(QemuCommand, ReservesWindowsAndSwitchesHotPlugOff) {
    auto machine = nvme();
    auto& port = machine.ports[0];
    port.functions.clear();
    port.memory = std::uint64_t{64} << 20;
    port.prefetchable = 256 * gibibyte;
    port.hotplug = false;

    EXPECT_THAT(qemu_command(machine),
                HasSubstr("slot=1,hotplug=off,mem-reserve=67108864,pref64-reserve=274877906944\n"));
}

TEST(QemuCommand, PutsFunctionsWhereTheyArePlanned) {
    const auto placed = [](Place place) {
        auto machine = nvme();
        machine.place = place;
        machine.ports[0].slot = 3;
        machine.window64 = 128 * gibibyte;
        return qemu_command(machine);
    };

    EXPECT_THAT(placed(Place::RootBus), HasSubstr("host=0000:65:00.0,bus=pcie.0,addr=3.0"));
    EXPECT_THAT(placed(Place::RootBus), Not(HasSubstr("pcie-root-port")));
    EXPECT_THAT(placed(Place::Conventional),
                HasSubstr("-device pcie-pci-bridge,id=conventional,bus=conventional-port,addr=0.0 "
                          "\\\n  -device vfio-pci,id=dev0,host=0000:65:00.0,bus=conventional,"
                          "addr=3.0"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("-machine pc,accel=kvm"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("-global i440FX-pcihost.pci-hole64-size=256G"));
    EXPECT_THAT(placed(Place::Pc), HasSubstr("host=0000:65:00.0,bus=pci.0,addr=3.0"));
}

TEST(QemuCommand, SaysWhoseWordsItHas) {
    auto machine = nvme();
    machine.qemu = "11.0";

    EXPECT_THAT(qemu_command(machine), HasSubstr("plan under QEMU 11.0."));
}

TEST(QemuCommand, MakesRoomForLargeBars) {
    auto machine = nvme();
    machine.window64 = 128 * gibibyte;
    EXPECT_THAT(qemu_command(machine), HasSubstr("-global q35-pcihost.pci-hole64-size=256G"));
    machine.window64 = 16 * gibibyte;
    EXPECT_THAT(qemu_command(machine), Not(HasSubstr("pci-hole64-size")));
}

TEST(QemuCommand, MakesNoRoomThatTheProcessorCannotReach) {
    auto machine = nvme();
    machine.window64 = 400 * gibibyte;
    machine.address_bits = 39;

    EXPECT_THAT(qemu_command(machine), Not(HasSubstr("pci-hole64-size")));
    EXPECT_THAT(qemu_command(machine), HasSubstr("-cpu host,host-phys-bits-limit=39"));
    EXPECT_THAT(qemu_command(machine), HasSubstr("# - 400 GiB of BARs"));
}

TEST(QemuCommand, QuotesPathsForTheShellAndForQemu) {
    auto machine = nvme();
    auto& one = machine.ports[0].functions[0];
    one.rom = Rom::File;
    one.rom_file = "/a,b $(rm -r x) 'c'.rom";

    const auto words = qemu::read_command(qemu_command(machine), "vm.sh").value();

    EXPECT_EQ(words.back().text,
              "vfio-pci,id=dev0,host=0000:65:00.0,bus=rp0,addr=0.0,romfile=/a,,b $(rm -r x) "
              "'c'.rom");
}

TEST(QemuCommand, KeepsCommentsInComments) {
    auto machine = nvme();
    machine.lacks = {"a\nqemu-system-x86_64 -device edu", "b \x1b[2J"};
    machine.ports[0].functions[0].address.reset();
    machine.ports[0].functions[0].host = "dump\n-device edu";

    const auto text = qemu_command(machine);

    EXPECT_THAT(text, HasSubstr("# - a\\u000aqemu-system-x86_64 -device edu\n# - b \\u001b[2J\n"));
    EXPECT_THAT(text, HasSubstr("place of 0000:00:00.0"));
    EXPECT_THAT(text, Not(HasSubstr("\n-device edu")));
}

TEST(SizeWords, AreThoseOfQemu) {
    EXPECT_EQ(size_words(4 * gibibyte), "4G");
    EXPECT_EQ(size_words(gibibyte / 2), "512M");
    EXPECT_EQ(size_words(4096), "4K");
    EXPECT_EQ(size_words(1), "1K");
}

TEST(WidthWords, AreThoseThatAPortCanHave) {
    EXPECT_EQ(width_words(1), 1U);
    EXPECT_EQ(width_words(12), 12U);
    EXPECT_EQ(width_words(24), 32U);
    EXPECT_EQ(width_words(63), 32U);
}

}  // namespace
}  // namespace tenon::managed::emit
