#include "capture/listing/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/listing/limits.hpp"
#include "device/facts.hpp"
#include "tests/support/read_listing.hpp"

namespace tenon::capture::listing {
namespace {

using support::read_listing;

using pci::Address;

constexpr Address port{.device = 1};
constexpr Address card{.bus = 1};
constexpr Address sound{.bus = 1, .function = 1};

TEST(Listing, TellsDriversOfLspciWithK) {
    const auto listing = read_listing(
        "00:01.0 PCI bridge [0604]: Intel Corporation Controller [8086:1901] (rev 07)\n"
        "\tKernel driver in use: pcieport\n"
        "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation GP104 [10de:1b80] (rev a1)\n"
        "\tSubsystem: Gigabyte Technology Co., Ltd Device [1458:3702]\n"
        "\tKernel driver in use: vfio-pci\n"
        "\tKernel modules: nvidiafb, nouveau\n"
        "01:00.1 Audio device [0403]: NVIDIA Corporation Audio [10de:10f0] (rev a1)\n"
        "\tSubsystem: Gigabyte Technology Co., Ltd Device [1458:3702]\n"
        "\n");

    ASSERT_EQ(listing.functions().size(), 3u);
    EXPECT_TRUE(listing.find(port)->is_bridge());
    EXPECT_EQ(*listing.find(card)->driver, "vfio-pci");
    EXPECT_EQ(*listing.find(card)->subsystem, (Ids{.vendor = 0x1458, .device = 0x3702}));
    EXPECT_EQ(*listing.find(sound)->driver, "");
    EXPECT_EQ(*listing.find(sound)->ids, (Ids{.vendor = 0x10de, .device = 0x10f0}));
}

TEST(Listing, DoesNotTakeAMissingLineForNoDriver) {
    // Without -k nobody has a driver; the last function of a text may be cut off.
    EXPECT_FALSE(read_listing("01:00.0 Audio device [0403]: A [10de:10f0]\n"
                              "\tSubsystem: B [1458:3702]\n\n")
                     .find(card)
                     ->driver);
    EXPECT_FALSE(read_listing("01:00.0 Audio device [0403]: A [10de:10f0]\n"
                              "\tKernel driver in use: snd_hda_intel\n"
                              "01:00.1 Audio device [0403]: A [10de:10f0]\n"
                              "\tSubsystem: B [1458:3702]")
                     .find(sound)
                     ->driver);
    EXPECT_EQ(*read_listing("01:00.0 Audio device [0403]: A [10de:10f0]\n\tKernel modules: x")
                   .find(card)
                   ->driver,
              "");
}

TEST(Listing, DoesNotChooseBetweenTwoDrivers) {
    const auto listing = read_listing(
        "01:00.0 VGA compatible controller [0300]: A [10de:1b80]\n"
        "\tKernel driver in use: nvidia\n\nafter:\n"
        "01:00.0 VGA compatible controller [0300]: A [10de:1b80]\n"
        "\tKernel driver in use: vfio-pci\n");

    EXPECT_FALSE(listing.find(card)->driver);
    EXPECT_EQ(*listing.find(card)->driver.other(), "vfio-pci");
}

TEST(Listing, KnowsTheFormsOfLoopsOverGroups) {
    for (const auto* const text :
         {"IOMMU Group 1 00:01.0 PCI bridge [0604]: I [8086:1901] (rev 07)\n"
          "IOMMU Group 1 01:00.0 VGA compatible controller [0300]: N [10de:1b80] (rev a1)\n"
          "IOMMU Group 2 01:00.1 Audio device [0403]: N [10de:10f0] (rev a1)\n",
          "IOMMU Group 1:\n\t00:01.0 PCI bridge [0604]: I [8086:1901] (rev 07)\n"
          "\t01:00.0 VGA compatible controller [0300]: N [10de:1b80] (rev a1)\n"
          "IOMMU Group 2:\n\t01:00.1 Audio device [0403]: N [10de:10f0] (rev a1)\n",
          "> IOMMU group 1\n> 00:01.0 PCI bridge: I\n> [RESET]\t01:00.0 VGA compatible controller: "
          "N\n> IOMMU group 2\n> 01:00.1 Audio device: N\n",
          "IOMMU group: 1\n00:01.0 PCI bridge: I\n01:00.0 VGA compatible controller: N\n"
          "IOMMU group: 2\n01:00.1 Audio device: N\n",
          "/sys/kernel/iommu_groups/1/devices/0000:00:01.0\n"
          "/sys/kernel/iommu_groups/1/devices/0000:01:00.0\n"
          "/sys/kernel/iommu_groups/2/devices/0000:01:00.1\n",
          "/sys/kernel/iommu_groups/1/devices:\ntotal 0\n"
          "lrwxrwxrwx 1 root root 0 Dec  1 10:00 0000:00:01.0 -> "
          "../../../../devices/pci0000:00/0000:00:01.0\n"
          "lrwxrwxrwx 1 root root 0 Dec  1 10:00 0000:01:00.0 -> "
          "../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0\n"
          "\n/sys/kernel/iommu_groups/2/devices:\n0000:01:00.1\n",
          "[    0.4] pci 0000:00:01.0: Adding to iommu group 1\n"
          "[    0.4] pci 0000:01:00.0: Adding to iommu group 1\n"
          "[    0.4] pci 0000:01:00.1: Adding to iommu group 2\n"}) {
        const auto listing = read_listing(text);
        ASSERT_EQ(listing.functions().size(), 3u) << text;
        EXPECT_EQ(*listing.find(port)->group, 1u) << text;
        EXPECT_EQ(*listing.find(card)->group, 1u) << text;
        EXPECT_EQ(*listing.find(sound)->group, 2u) << text;
    }
}

TEST(Listing, EndsAGroupWhereAnotherListBegins) {
    const auto listing = read_listing(
        "IOMMU Group 1:\n\t00:01.0 PCI bridge [0604]: I [8086:1901]\n\n"
        "01:00.0 VGA compatible controller [0300]: N [10de:1b80]\n");

    EXPECT_FALSE(listing.find(card)->group);
}

TEST(Listing, TellsWhatLspciSaysOfRegisters) {
    const auto listing = read_listing(
        "00:01.0 PCI bridge: Intel Corporation Controller (rev 07) (prog-if 00 [Normal decode])\n"
        "\tBus: primary=00, secondary=01, subordinate=02, sec-latency=0\n"
        "\tCapabilities: [40] Express (v2) Root Port (Slot+), IntMsgNum 0\n"
        "\t\tLnkCap:\tPort #1, Speed 8GT/s, Width x16, ASPM L0s L1\n"
        "\t\tDevCap2: Completion Timeout: Not Supported, TimeoutDis- NROPrPrP- LTR+\n"
        "\t\t\t 10BitTagComp- 10BitTagReq- OBFF Via WAKE#, ExtFmt- EETLPPrefix-\n"
        "\t\t\t FRS- LN System CLS Not Supported, TPHComp- ExtTPHComp- ARIFwd+\n"
        "\t\t\t AtomicOpsCap: Routing- 32bit+ 64bit+ 128bitCAS+\n"
        "\t\tDevCtl2: Completion Timeout: 50us to 50ms, TimeoutDis- LTR+ ARIFwd-\n"
        "\t\t\t AtomicOpsCtl: ReqEn- EgressBlck-\n"
        "\tCapabilities: [100 v1] Access Control Services\n"
        "\t\tACSCtl:\tSrcValid+ TransBlk- ReqRedir+\n"
        "\n"
        "01:00.0 Ethernet controller: Intel Corporation X710\n"
        "\tInterrupt: pin A routed to IRQ 16\n"
        "\tNUMA node: 1\n"
        "\tIOMMU group: 14\n"
        "\tRegion 0: Memory at dd000000 (64-bit, prefetchable) [size=8M]\n"
        "\tCapabilities: [70] MSI-X: Enable+ Count=129 Masked-\n"
        "\t\tVector table: BAR=3 offset=00001000\n"
        "\t\tPBA: BAR=3 offset=00002000\n"
        "\tCapabilities: [148 v1] Device Serial Number 12-34-56-ff-ff-78-9a-bc\n"
        "\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)\n"
        "\t\tRegion 0: Memory at 00000000df000000 (64-bit, prefetchable)\n");

    const auto& root = *listing.find(port);
    EXPECT_EQ(root.buses->secondary, 1);
    EXPECT_EQ(root.express.type, pci::PortType::RootPort);
    EXPECT_EQ(root.express.completers,
              device::atomics_32 | device::atomics_64 | device::atomics_128);
    EXPECT_EQ(root.express.forwards_ari, true);  // Of the capability, not of the control.
    EXPECT_EQ(root.express.end_prefix, false);
    EXPECT_EQ(root.express.acs, "SrcValid+ TransBlk- ReqRedir+");
    EXPECT_EQ(root.express.link, "8GT/s, x16");
    const auto& function = *listing.find(card);
    EXPECT_EQ(*function.group, 14u);
    EXPECT_EQ(*function.numa_node, 1u);
    ASSERT_EQ(function.bars.size(), 1u);
    EXPECT_EQ(function.bars[0].size, std::uint64_t{8} << 20);
    EXPECT_EQ(function.msix->vectors, 129u);
    EXPECT_EQ(function.msix->table, (SaidMsix::Place{.bar = 3, .offset = 0x1000}));
    EXPECT_EQ(function.msix->pending, (SaidMsix::Place{.bar = 3, .offset = 0x2000}));
    ASSERT_EQ(function.capabilities.size(), 3u);
    EXPECT_EQ(function.capabilities[1].name, "Device Serial Number");
    EXPECT_TRUE(function.capabilities[1].extended);
}

TEST(Listing, TellsGroupsOfTheFlagsOfLspci) {
    const auto listing = read_listing(
        "01:00.0 Ethernet controller: Intel Corporation X710\n"
        "\tFlags: bus master, fast devsel, latency 0, IRQ 16, NUMA node 0, "
        "IOMMU group 31\n");

    EXPECT_EQ(*listing.find(card)->group, 31u);
    EXPECT_EQ(*listing.find(card)->numa_node, 0u);
}

TEST(Listing, TellsWhatDpdkDevbindShows) {
    const auto listing = read_listing(
        "Network devices using DPDK-compatible driver\n"
        "============================================\n"
        "0000:01:00.0 'Ethernet Controller X710 1572' drv=vfio-pci unused=i40e\n\n"
        "Network devices using kernel driver\n"
        "===================================\n"
        "0000:01:00.1 'Ethernet Controller X710 1572' if=ens1f1 drv=i40e unused=vfio-pci "
        "*Active*\n");

    EXPECT_EQ(*listing.find(card)->driver, "vfio-pci");
    EXPECT_EQ(*listing.find(sound)->driver, "i40e");
    EXPECT_TRUE(listing.find(sound)->is_active);
}

TEST(Listing, IsBounded) {
    std::string text;
    for (unsigned n = 0; n <= most_functions; ++n)
        text += fmt::format("pci {:04x}:{:02x}:00.0: Adding to iommu group 1\n", n / 256, n % 256);

    const auto listing = read_listing(text);

    EXPECT_EQ(listing.functions().size(), most_functions);
    EXPECT_TRUE(listing.is_full());
}

TEST(Listing, TellsGroupsOfLoopsThatMarkTheirMembers) {
    for (const auto* const text :
         {"IOMMU group 1:\t[8086:1901] 00:01.0 PCI bridge: Intel Corporation A (rev 07)\n"
          "\t[10de:1b81] 01:00.0 VGA compatible controller: NVIDIA Corporation B (rev a1)\n"
          "IOMMU group 2:\t[10de:10f0] 01:00.1 Audio device: NVIDIA Corporation C\n",
          "Group 1:\t[8086:1901]     00:01.0  PCI bridge                A\n"
          "\t\t[10de:1b81] [R] 01:00.0  VGA compatible controller    B\n"
          "Group 2:\t[10de:10f0]     01:00.1  Audio device    C\n",
          "IOMMU group 1\n\t00:01.0 PCI bridge [0604]: Intel A [8086:1901] (rev 07)\n"
          "[RESET]\t01:00.0 VGA compatible controller [0300]: NVIDIA B [10de:1b81]\n"
          "IOMMU group 2\n[RESET]\t01:00.1 Audio device [0403]: NVIDIA C [10de:10f0]\n",
          "### Group 1 ###\n    00:01.0 PCI bridge [0604]: Intel A [8086:1901]\n"
          "    01:00.0 VGA compatible controller [0300]: NVIDIA B [10de:1b81]\n"
          "### Group 2 ###\n    01:00.1 Audio device [0403]: NVIDIA C [10de:10f0]\n",
          "IOMMU Group 1 (isolated: no):\n - 00:01.0 PCI bridge [0604]: A [8086:1901]\n"
          " - 01:00.0 VGA compatible controller [0300]: NVIDIA B [10de:1b81]\n"
          "IOMMU Group 2 (isolated: yes):\n - 01:00.1 Audio device [0403]: C [10de:10f0]\n",
          "/sys/kernel/iommu_groups/1/devices/0000:00:01.0 00:01.0 PCI bridge [0604]: A "
          "[8086:1901]\n"
          "/sys/kernel/iommu_groups/1/devices/0000:01:00.0 01:00.0 VGA compatible controller "
          "[0300]: B [10de:1b81]\n"
          "/sys/kernel/iommu_groups/2/devices/0000:01:00.1 01:00.1 Audio device [0403]: C "
          "[10de:10f0]\n"}) {
        const auto listing = read_listing(text);
        for (const auto& address : {port, card, sound})
            ASSERT_NE(listing.find(address), nullptr) << text;
        EXPECT_EQ(listing.find(port)->group.value_or(0), 1u) << text;
        EXPECT_EQ(listing.find(card)->group.value_or(0), 1u) << text;
        EXPECT_EQ(listing.find(sound)->group.value_or(0), 2u) << text;
        EXPECT_TRUE(listing.find(port)->is_bridge()) << text;
        EXPECT_EQ(listing.find(card)->class_code.value_or(0), 0x0300) << text;
        EXPECT_EQ(listing.find(card)->ids.value_or({}), (Ids{.vendor = 0x10de, .device = 0x1b81}))
            << text;
    }
}

TEST(Listing, TellsGroupsOfFoldersWithSeveralNamesInALine) {
    const auto listing = read_listing(
        "$ ls /sys/kernel/iommu_groups/*/devices\n/sys/kernel/iommu_groups/0/devices:\n"
        "0000:00:00.0\n\n/sys/kernel/iommu_groups/1/devices:\n"
        "0000:00:01.0  0000:01:00.0  0000:01:00.1\n");

    for (const auto& address : {port, card, sound})
        EXPECT_EQ(listing.find(address)->group.value_or(9), 1u);
}

TEST(Listing, TellsTheGroupOfTheFolderOfAFunction) {
    const auto listing = read_listing(
        "lrwxrwxrwx 1 root root 0 Jan  5 12:01 /sys/bus/pci/devices/0000:01:00.0/iommu_group -> "
        "../../../../kernel/iommu_groups/1\n"
        "$ ls -l /sys/bus/pci/devices/0000:01:00.0/iommu_group/devices\ntotal 0\n"
        "lrwxrwxrwx 1 root root 0 Jan  5 12:01 0000:00:01.0 -> "
        "../../../../devices/pci0000:00/0000:00:01.0\n"
        "lrwxrwxrwx 1 root root 0 Jan  5 12:01 0000:01:00.0 -> "
        "../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0\n");

    EXPECT_EQ(*listing.find(port)->group, 1u);
    EXPECT_EQ(*listing.find(card)->group, 1u);
    // What something is behind is a bridge, whatever else is not told of it.
    EXPECT_TRUE(listing.find(port)->is_bridge());
}

TEST(Listing, TellsTheDriverBehindAMember) {
    const auto listing = read_listing(
        "Group:  1   0000:00:01.0 Host bridge [0600]: AMD A [1022:1482]   Driver:\n"
        "Group:  1   0000:01:00.0 Non-Volatile memory controller [0108]: S [144d:a808]   Driver: "
        "nvme\n");

    EXPECT_EQ(*listing.find(port)->driver, "");
    EXPECT_EQ(*listing.find(card)->driver, "nvme");
    EXPECT_EQ(listing.find(card)->name, "S");
}

TEST(Listing, TellsWhatTheKernelFound) {
    const auto listing = read_listing(
        "[    1.3] pci 0000:00:01.0: [8086:1901] type 01 class 0x060400\n"
        "[    1.3] pci 0000:01:00.0: [10de:1b81] type 00 class 0x030000\n"
        "[    1.4] pci 0000:01:00.0: vgaarb: setting as boot VGA device\n");

    EXPECT_TRUE(listing.find(port)->is_bridge());
    EXPECT_EQ(*listing.find(card)->class_code, 0x0300);
    EXPECT_TRUE(listing.find(card)->boot_display);
}

}  // namespace
}  // namespace tenon::capture::listing
