#include "capture/listing/kernel_line.hpp"

#include <gtest/gtest.h>

#include "capture/listing/devbind_line.hpp"

namespace tenon::capture::listing {
namespace {

using Kind = Symptom::Kind;
constexpr pci::Address card{.bus = 1};

Symptom read(std::string_view text) { return parse_symptom(text).value_or(Symptom{.line = 99}); }

TEST(Symptom, IsKnownByTheWordsOfKernelAndProgram) {
    const auto busy = read(
        "qemu-system-x86_64: vfio 0000:01:00.0: Failed to set up TRIGGER eventfd signaling "
        "for interrupt INTX-0: VFIO_DEVICE_SET_IRQS failure: Device or resource busy");
    EXPECT_EQ(busy, (Symptom{.kind = Kind::IntxBusy, .address = card, .group = {}}));
    EXPECT_EQ(read("genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000080 "
                   "(i801_smbus)")
                  .kind,
              busy.kind);
    EXPECT_EQ(read("vfio-pci 0000:01:00.0: BAR 3: can't reserve [mem 0xc0000000-0xd1ffffff]"),
              (Symptom{.kind = Kind::CannotReserve, .address = card, .group = {}}));
    EXPECT_EQ(read("vfio 0000:01:00.0: group 7 is not viable"),
              (Symptom{.kind = Kind::NotViable, .address = card, .group = 7}));
    EXPECT_EQ(read("vfio-pci 0000:01:00.0: Device is ineligible for IOMMU domain attach due to "
                   "platform RMRR requirement"),
              (Symptom{.kind = Kind::ReservedRegion, .address = card, .group = {}}));
    EXPECT_EQ(
        read("vfio-pci 0000:01:00.0: Device is ineligible for IOMMU interrupt remapping").kind,
        Kind::NoRemapping);
}

TEST(Symptom, IsNotSeenInOtherLines) {
    for (const auto* const text : {"", "vfio-pci 0000:01:00.0: enabling device (0002 -> 0003)",
                                   "it is not ready after lunch", "INTX-0 is fine"})
        EXPECT_FALSE(parse_symptom(text)) << text;
}

TEST(AddedToGroup, IsReadOfOldAndNewKernels) {
    const auto now = parse_added_to_group("pci 0000:01:00.0: Adding to iommu group 15");
    const auto before = parse_added_to_group("iommu: Adding device 0000:01:00.0 to group 15");
    ASSERT_TRUE(now && before);
    EXPECT_EQ(now->address, card);
    EXPECT_EQ(now->number, 15u);
    EXPECT_EQ(before->address, card);
    EXPECT_EQ(before->number, 15u);
    EXPECT_FALSE(parse_added_to_group("platform x: Adding to iommu group 15"));
}

TEST(DevbindLine, TellsDriverAndUse) {
    const auto bound = parse_devbind_line(
        "'Ethernet Controller X710 for 10GbE SFP+ 1572' if=ens1f1 drv=i40e unused=vfio-pci "
        "*Active*");
    ASSERT_TRUE(bound);
    EXPECT_EQ(bound->driver, "i40e");
    EXPECT_TRUE(bound->active);
    const auto unbound = parse_devbind_line("'Ethernet Controller X710' unused=i40e,vfio-pci");
    ASSERT_TRUE(unbound);
    EXPECT_EQ(unbound->driver, "");
    EXPECT_FALSE(parse_devbind_line("'quoted' text"));
}

TEST(Symptom, OfABusyLineNamesWhoHasIt) {
    const auto symptom = read(
        "genirq: Flags mismatch irq 16. 00000000 (vfio-intx(0000:01:00.0)) vs. 00000080 "
        "(ehci_hcd:usb1)");

    EXPECT_EQ(symptom.kind, Kind::IntxBusy);
    EXPECT_EQ(symptom.other, "ehci_hcd:usb1");
}

TEST(Symptom, OfAtomicsIsOfTheDeviceThatItNames) {
    EXPECT_EQ(read("amdgpu 0000:01:00.0: amdgpu: PCIE atomic ops is not supported").kind,
              Kind::NoAtomics);
    EXPECT_FALSE(parse_symptom("kfd kfd: amdgpu: skipped device 1002:73bf, PCI rejects atomics"));
}

TEST(FoundFunction, IsWhatTheKernelSaysWhenItFindsOne) {
    const auto found = parse_found("pci 0000:01:00.0: [10de:1b81] type 00 class 0x030000");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->address, card);
    EXPECT_EQ(found->ids, (Ids{.vendor = 0x10de, .device = 0x1b81}));
    EXPECT_EQ(found->class_code, 0x030000u);
    for (const auto* const text :
         {"", "] type  class 0x", "pci 0000:01:00.0: type 00 class 0x030000",
          "pci 0000:01:00.0: [10de:1b81] type 00 class 0x03", "[10de:1b81] type 00 class 0x030000"})
        EXPECT_FALSE(parse_found(text)) << text;
}

TEST(FoundFunction, IsTheDisplayOfTheFirmwareWhereTheKernelSaysSo) {
    EXPECT_EQ(parse_boot_display("pci 0000:01:00.0: vgaarb: setting as boot VGA device"), card);
    EXPECT_FALSE(parse_boot_display("pci 0000:01:00.0: vgaarb: VGA decodes changed"));
}

}  // namespace
}  // namespace tenon::capture::listing
