#include "device/interrupt_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace tenon::device {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

InterruptTable read(std::string_view text) {
    InterruptTable table;
    for (const auto line : split(text, '\n'))
        table.take(line);
    return table;
}

TEST(InterruptTable, TakesNamesBehindCountsChipAndInput) {
    const auto table = read(
        "            CPU0       CPU1\n"
        "   0:         43          0   IO-APIC   2-edge      timer\n"
        "  16:        120         17   IO-APIC  16-fasteoi   i801_smbus, snd_hda_intel:card0\n"
        "  18:          0          0     GICv3  50 Level     arch_timer\n"
        "  20:          0          0   IO-APIC  20-fasteoi\n"
        " NMI:          1          1   Non-maskable interrupts\n"
        "99999999999999: 1 1 IO-APIC 1-edge x\n");

    EXPECT_TRUE(table.any());
    EXPECT_THAT(table.handlers_of(0), ElementsAre("timer"));
    EXPECT_THAT(table.handlers_of(16), ElementsAre("i801_smbus", "snd_hda_intel:card0"));
    EXPECT_THAT(table.handlers_of(18), ElementsAre("arch_timer"));
    EXPECT_THAT(table.handlers_of(20), IsEmpty());
    EXPECT_THAT(table.handlers_of(21), IsEmpty());
}

TEST(InterruptTable, NeedsItsHead) {
    const auto table = read("16: 3 IO-APIC 16-fasteoi ahci\n:\n16");

    EXPECT_FALSE(table.any());
    EXPECT_THAT(table.handlers_of(16), IsEmpty());
}

TEST(InterruptTable, EndsWhereOtherTextBegins) {
    InterruptTable table;

    EXPECT_FALSE(table.take("CPU usage of a program"));
    EXPECT_TRUE(table.take("  CPU0"));
    EXPECT_TRUE(table.take(" 16: 3 IO-APIC 16-fasteoi ahci"));
    EXPECT_FALSE(table.take("$ lspci -v"));
    EXPECT_FALSE(table.take("17: 3 IO-APIC 17-fasteoi xhci_hcd"));
    EXPECT_THAT(table.handlers_of(17), IsEmpty());
}

TEST(InterruptTable, SaysWhetherTwoOfThemDiffer) {
    EXPECT_FALSE(
        read("CPU0\n16: 3 IO-APIC 16-fasteoi ahci\nCPU0\n16: 9 IO-APIC 16-fasteoi ahci").differs());
    EXPECT_TRUE(
        read("CPU0\n16: 3 IO-APIC 16-fasteoi ahci\nCPU0\n16: 9 IO-APIC 16-fasteoi nvme").differs());
}

TEST(InterruptTable, TakesNothingFromARowThatIsCut) {
    EXPECT_THAT(read("CPU0 CPU1\n16: 3 IO-APIC 16-fasteoi ahci").handlers_of(16), IsEmpty());
}

TEST(HandlersBeside, LeaveOutTheOwnOnesOfTheFunction) {
    const pci::Address own{.device = 2};

    EXPECT_THAT(
        handlers_beside(own, "r8169", {"snd_hda_intel:card0", "r8169", "vfio-intx(0000:00:02.0)"}),
        ElementsAre("snd_hda_intel:card0"));
    EXPECT_THAT(handlers_beside(own, "", {"ahci"}), ElementsAre("ahci"));
}

}  // namespace
}  // namespace tenon::device
