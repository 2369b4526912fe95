// What words of an input make of its functions: those with bytes, and those without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "capture/file.hpp"
#include "tests/support/config_builder.hpp"

namespace tenon::capture {
namespace {

using device::DeviceFacts;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr pci::Address port{.device = 1};

class ToldFunctions : public testing::Test {
protected:
    ToldFunctions() { std::filesystem::create_directories(testing::TempDir()); }
    ~ToldFunctions() override { std::filesystem::remove(path_); }

    void write(std::string_view text) const { std::ofstream{path_, std::ios::binary} << text; }
    DeviceFacts read(std::string_view text, std::string_view behind = "") const {
        write(text);
        return read_capture(path_ + std::string{behind}).value();
    }

    std::string path_ = (std::filesystem::path{testing::TempDir()} /
                         testing::UnitTest::GetInstance()->current_test_info()->name())
                            .string();
};

std::string rows_of(const pci::ConfigImage& image) {
    std::string text;
    for (std::size_t at = 0; at < image.bytes().size(); ++at) {
        if (at % 16 == 0) text += fmt::format("\n{:02x}:", at);
        text += fmt::format(" {:02x}", image.read8(at));
    }
    return text + "\n\n";
}

// A root port in words: bus 1 behind it, AtomicOps of 32 and 64 bit.
constexpr std::string_view root_words =
    "00:01.0 PCI bridge [0604]: Intel Corporation Controller [8086:1901] (rev 07)\n"
    "\tBus: primary=00, secondary=01, subordinate=01, sec-latency=0\n"
    "\tIOMMU group: 1\n"
    "\tCapabilities: [40] Express (v2) Root Port (Slot+), IntMsgNum 0\n"
    "\t\tLnkCap:\tPort #1, Speed 8GT/s, Width x16\n"
    "\t\tDevCap2: Completion Timeout: Not Supported, TimeoutDis- LTR+ ARIFwd+\n"
    "\t\t\t AtomicOpsCap: Routing- 32bit+ 64bit+ 128bitCAS-\n"
    "\t\tDevCtl2: Completion Timeout: 50us to 50ms, TimeoutDis- ARIFwd-\n"
    "\t\t\t AtomicOpsCtl: ReqEn- EgressBlck-\n"
    "\tKernel driver in use: pcieport\n\n";

constexpr std::string_view card_words =
    "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation GP104 [10de:1b80] (rev a1)\n"
    "\tIOMMU group: 1\n"
    "\tKernel driver in use: vfio-pci\n\n"
    "01:00.1 Audio device [0403]: NVIDIA Corporation Audio [10de:10f0] (rev a1)\n"
    "\tIOMMU group: 1\n"
    "\tKernel driver in use: snd_hda_intel\n\n";

TEST_F(ToldFunctions, WithoutBytesHaveTheFactsOfTheirHost) {
    const auto facts = read(std::string{root_words} + std::string{card_words}, "#01:00.0");

    EXPECT_FALSE(facts.physical);
    EXPECT_EQ(facts.identity->vendor, 0x10de);
    EXPECT_EQ(facts.identity->class_code, 0x030000u);
    EXPECT_EQ(*facts.driver, "vfio-pci");
    EXPECT_TRUE(*facts.has_iommu);
    EXPECT_EQ(facts.group->number, 1u);
    EXPECT_THAT(
        facts.group->members,
        ElementsAre(
            device::GroupMember{.address = port, .driver = "pcieport", .is_bridge = true},
            device::GroupMember{.address = {.bus = 1, .function = 1}, .driver = "snd_hda_intel"}));
    ASSERT_EQ(facts.path->size(), 1u);
    EXPECT_EQ(facts.path->front().address, port);
    EXPECT_EQ(facts.path->front().words->completers, device::atomics_32 | device::atomics_64);
    EXPECT_THAT(facts.words->told, Contains(HasSubstr("0000:00:01.0 (a bridge, which stays with "
                                                      "the host and blocks nobody)")));
    EXPECT_THAT(facts.words->told, Contains(HasSubstr("one guest gets all of them")));
}

TEST_F(ToldFunctions, OnNoLinkTellTheirExpressRegistersToo) {
    const auto facts = read(
        "6a:01.0 System peripheral: Device 8086:0b25\n"
        "\tCapabilities: [40] Express (v2) Root Complex Integrated Endpoint, MSI 00\n"
        "\t\tDevCap2: Completion Timeout: Not Supported, TimeoutDis-\n"
        "\t\t\t AtomicOpsCap: 32bit- 64bit- 128bitCAS-\n\n",
        "#6a:01.0");

    ASSERT_TRUE(facts.words->express);
    EXPECT_EQ(facts.words->express->type, pci::PortType::RootComplexEndpoint);
    EXPECT_EQ(facts.identity->device, 0x0b25);
}

TEST_F(ToldFunctions, WithBytesHaveThePathThatWordsTell) {
    const auto rows = rows_of(support::ConfigBuilder{}.head(0x40).express(0x40, 0).image());
    const auto facts =
        read(std::string{root_words} + "01:00.0 Ethernet controller [0200]: A [8086:1572]" +
             rows);  // The one that has bytes.

    EXPECT_TRUE(facts.physical);
    ASSERT_EQ(facts.path->size(), 1u);
    EXPECT_EQ(facts.path->front().words->type, pci::PortType::RootPort);
}

TEST_F(ToldFunctions, WithBytesHaveThePathThatBytesOfBridgesTell) {
    const auto bridge = support::ConfigBuilder{}
                            .put8(0x0e, 1)
                            .put8(0x19, 1)
                            .head(0x40)
                            .express(0x40, 0)
                            .put8(0x42, 0x42)
                            .image();
    const auto function = support::ConfigBuilder{}.head(0x40).express(0x40, 0).image();
    const auto facts =
        read("00:01.0 PCI bridge [0604]: I [8086:1901]" + rows_of(bridge) +
                 "01:00.0 Ethernet controller [0200]: A [8086:1572]" + rows_of(function),
             "#01:00.0");

    ASSERT_EQ(facts.path->size(), 1u);
    EXPECT_EQ(*facts.path->front().config, bridge);
}

TEST_F(ToldFunctions, AreReadBesideABridgeThatIsThereWithTwoContents) {
    const auto bridge = [](std::uint8_t revision) {
        return "00:01.0 PCI bridge [0604]: I [8086:1901]" + rows_of(support::ConfigBuilder{}
                                                                        .put8(0x08, revision)
                                                                        .put8(0x0e, 1)
                                                                        .put8(0x19, 1)
                                                                        .head(0x40)
                                                                        .express(0x40, 0)
                                                                        .put8(0x42, 0x42)
                                                                        .image());
    };
    const auto function = support::ConfigBuilder{}.head(0x40).express(0x40, 0).image();
    const auto facts =
        read(bridge(1) + bridge(2) + bridge(2) + bridge(1) +
                 "01:00.0 Ethernet controller [0200]: A [8086:1572]" + rows_of(function),
             "#01:00.0");

    ASSERT_EQ(facts.path->size(), 1u);
    EXPECT_FALSE(facts.path->front().config);
}

TEST_F(ToldFunctions, OfTwoDevicesAtOneAddressAreNoneOfThem) {
    write(std::string{card_words} +
          "01:00.0 Ethernet controller [0200]: Intel Corporation I350 [8086:1521] (rev 01)\n\n");

    const auto read = read_capture(path_ + "#01:00.0");

    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("two devices are at 0000:01:00.0"));
    EXPECT_THAT(read.error().what, HasSubstr("10de:1b80 (from line 1) and 8086:1521"));
    EXPECT_THAT(read.error().hint, HasSubstr("two files"));
    EXPECT_TRUE(read_capture(path_ + "#01:00.1"));
}

TEST_F(ToldFunctions, WithBytesHaveNoWordsOfAnotherDevice) {
    const auto function = support::ConfigBuilder{}.head(0x40).express(0x40, 0).image();
    const auto facts =
        read(std::string{card_words} + "01:00.0 Non-Volatile memory controller" + rows_of(function),
             "#01:00.0");

    EXPECT_EQ(*facts.physical, function);
    EXPECT_FALSE(facts.driver);
}

TEST_F(ToldFunctions, DoNotKnowADriverThatNobodyTold) {
    const auto facts = read(
        "IOMMU Group 1 01:00.0 VGA compatible controller [0300]: N [10de:1b80]\n"
        "IOMMU Group 1 01:00.1 Audio device [0403]: N [10de:10f0]\n",
        "#01:00.0");

    EXPECT_FALSE(facts.driver);
    ASSERT_EQ(facts.group->members.size(), 1u);
    EXPECT_FALSE(facts.group->members.front().driver_known);
}

TEST_F(ToldFunctions, OfACardMayGoToTwoGuestsByTheirGroups) {
    const auto facts = read(
        "IOMMU Group 20 01:00.0 Ethernet controller [0200]: A [8086:1572]\n"
        "IOMMU Group 21 01:00.1 Ethernet controller [0200]: A [8086:1572]\n",
        "#01:00.0");

    EXPECT_THAT(facts.words->told,
                Contains("0000:01:00.1 of the same card is in another group: it may stay with the "
                         "host, or go to another guest"));
}

TEST_F(ToldFunctions, SayWhatALogSaysWentWrong) {
    const auto facts = read(
        "01:00.0 Ethernet controller [0200]: A [8086:1572]\n\n"
        "vfio 0000:01:00.0: Failed to set up TRIGGER eventfd signaling for interrupt INTX-0: "
        "VFIO_DEVICE_SET_IRQS failure: Device or resource busy\n",
        "#01:00.0");

    EXPECT_THAT(facts.words->warnings, ElementsAre(HasSubstr("intx=off goes without it")));
    EXPECT_THAT(facts.words->warnings.front(), HasSubstr("(line 3 of the input)"));
}

TEST_F(ToldFunctions, AreRefusedWhereThereAreTooMany) {
    std::string text;
    for (unsigned n = 0; n <= 4096; ++n)
        text += fmt::format("pci {:04x}:{:02x}:00.0: Adding to iommu group 1\n", n / 256, n % 256);

    write(text);
    EXPECT_THAT(list_capture(path_).error().what, HasSubstr("line 4097: words of more than 4096"));
}

TEST_F(ToldFunctions, AreNotMadeOfAText) {
    write("Dear all, 01:00.0 is my card. It is in group 1.\n01:00.0 does not work: why?\n");
    EXPECT_THAT(list_capture(path_).error().what, HasSubstr("no function with hex rows"));
}

TEST_F(ToldFunctions, SayWhatKeepsAFunctionFromEverybody) {
    const auto facts = read(
        "02:00.0 Ethernet controller [0200]: A [8086:1572]\n\n"
        "vfio-pci 0000:02:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR "
        "requirement.  Contact your platform vendor.\n",
        "#02:00.0");

    EXPECT_THAT(facts.words->refusals, ElementsAre(HasSubstr("RMRR")));
    EXPECT_TRUE(facts.words->warnings.empty());
}

TEST_F(ToldFunctions, SayWhoIsOnABusyLine) {
    const auto facts = read(
        "05:00.0 Multimedia controller [0480]: P [1131:7160]\n\tFlags: fast devsel, IRQ 16\n"
        "00:1a.0 USB controller [0c03]: I [8086:1c2d]\n\tFlags: fast devsel, IRQ 16\n"
        "\tKernel driver in use: ehci-pci\n\n"
        "vfio-pci 0000:05:00.0: Failed to set up INTX-0: busy\n",
        "#05:00.0");

    EXPECT_THAT(facts.words->warnings,
                ElementsAre(HasSubstr("On its IRQ 16 is 0000:00:1a.0 (ehci-pci)")));
}

TEST_F(ToldFunctions, AreThoseThatAnErrorAloneNames) {
    const auto facts = read("vfio-pci 0000:05:00.0: Failed to set up INTX-0: busy\n", "#05:00.0");

    EXPECT_THAT(facts.words->warnings, ElementsAre(HasSubstr("intx=off goes without it")));
    EXPECT_FALSE(facts.identity);
}

TEST_F(ToldFunctions, AreUsedWhereTheHostTalksThroughThem) {
    const auto facts =
        read("0000:01:00.1 'X710 1572' if=ens1f1 drv=i40e unused=vfio-pci *Active*\n", "#01:00.1");

    ASSERT_TRUE(facts.uses);
    EXPECT_EQ(facts.uses->front().kind, device::UseKind::Address);
}

}  // namespace
}  // namespace tenon::capture
