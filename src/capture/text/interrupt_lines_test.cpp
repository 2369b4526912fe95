#include "capture/text/interrupt_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/text/dump.hpp"

namespace tenon::capture::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The line of the first function with bytes.
Known<device::LineFacts> line_in(const std::string& text) {
    return read_dump(text, "mail.txt").value().front().interrupt_line;
}

std::string rows() {
    std::string text;
    for (const auto* const row :
         {"00: ec 10 69 81", "10: 00 00 00 00", "20: 00 00 00 00", "30: 00 00 00 00"})
        text += std::string{row} + " 00 00 00 00 00 00 00 00 00 00 00 00\n";
    return text;
}

const std::string nic =
    "05:00.0 Ethernet controller: Realtek RTL8169\n"
    "\tInterrupt: pin A routed to IRQ 16\n"
    "\tKernel driver in use: r8169\n";
const std::string sound =
    "00:1b.0 Audio device: Intel\n"
    "\tFlags: bus master, fast devsel, latency 0, IRQ 16, NUMA node 0\n"
    "\tCapabilities: [60] MSI: Enable- Count=1/1 Maskable- 64bit+\n"
    "\tKernel driver in use: snd_hda_intel\n\n";

TEST(LinesOfText, HaveTheFunctionsThatTheTextPutsThere) {
    const auto line = line_in(sound + nic + rows());

    ASSERT_TRUE(line);
    EXPECT_EQ(line->number, 16u);
    ASSERT_EQ(line->functions.size(), 1u);
    EXPECT_EQ(to_string(line->functions[0].address), "0000:00:1b.0");
    EXPECT_EQ(line->functions[0].driver, "snd_hda_intel");
}

TEST(LinesOfText, HaveTheHandlersOfATable) {
    const auto line = line_in(nic + rows() +
                              "\n           CPU0       CPU1\n"
                              "  16:        28          0   IO-APIC  16-fasteoi   "
                              "uhci_hcd:usb3, r8169\n");

    ASSERT_TRUE(line);
    EXPECT_THAT(line->functions, IsEmpty());
    EXPECT_THAT(line->handlers, ElementsAre("uhci_hcd:usb3"));
}

TEST(LinesOfText, AreReadInQuotes) {
    std::string quoted;
    for (const auto line : {"           CPU0", "  16:  28  IO-APIC  16-fasteoi  uhci_hcd:usb3"})
        quoted += std::string{"> "} + line + "\n";

    EXPECT_THAT(line_in(nic + rows() + "\n" + quoted)->handlers, ElementsAre("uhci_hcd:usb3"));
}

TEST(LinesOfText, AreNotCalledAloneForWantOfATable) {
    EXPECT_THAT(line_in(nic + rows()).why(), HasSubstr("it is IRQ 16; who else is on it"));
}

TEST(LinesOfText, HaveNobodyWhoUsesMessages) {
    auto other = sound;
    other.replace(other.find("Enable-"), 7, "Enable+");

    EXPECT_FALSE(line_in(other + nic + rows()));
}

TEST(LinesOfText, AreNotTheNumbersOfMessages) {
    EXPECT_THAT(line_in(nic + "\tCapabilities: [50] MSI: Enable+ Count=1/1\n" + rows()).why(),
                HasSubstr("used MSI"));
}

TEST(LinesOfText, AreNotKnownWhereItSaysTwoThings) {
    EXPECT_THAT(line_in(nic + "\n" + nic + "\tInterrupt: pin A routed to IRQ 17\n" + rows()).why(),
                HasSubstr("two IRQs"));
    EXPECT_THAT(line_in(nic + rows() +
                        "\nCPU0\n16: 3 IO-APIC 16-fasteoi ahci\nCPU0\n16: 3 IO-APIC 16-fasteoi x\n")
                    .why(),
                HasSubstr("two tables"));
}

TEST(LinesOfText, AreNotKnownOfBytesAlone) {
    EXPECT_THAT(line_in("05:00.0 Ethernet\n" + rows()).why(), HasSubstr("no IRQ of it"));
    EXPECT_THAT(line_in(rows()).why(), HasSubstr("address"));
}

}  // namespace
}  // namespace tenon::capture::text
