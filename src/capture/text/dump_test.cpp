#include "capture/text/dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::capture::text {
namespace {

using testing::HasSubstr;

// A row of 16 bytes that all have the value of the offset's upper digit pair.
std::string row(unsigned offset) {
    std::string text = fmt::format("{:02x}:", offset);
    for (unsigned n = 0; n < 16; ++n)
        text += fmt::format(" {:02x}", offset >> 4 & 0xff);
    return text + "\n";
}

std::string rows(unsigned bytes) {
    std::string text;
    for (unsigned offset = 0; offset < bytes; offset += 16)
        text += row(offset);
    return text;
}

std::string wrong_text(const std::string& text) {
    const auto functions = read_dump(text, "dump");
    if (!functions) return functions.error().what;
    for (const auto& function : *functions)
        if (!function.config) return function.config.error().what;
    return "no error";
}

TEST(Dump, ReadsTheSizesThatLspciPrints) {
    EXPECT_EQ(read_dump("65:00.0 NVMe\n" + rows(64), "d").value()[0].config->known(), 64u);
    EXPECT_EQ(read_dump("65:00.0 NVMe\n" + rows(256), "d").value()[0].config->known(), 256u);
    const auto all = read_dump("65:00.0 NVMe\n" + rows(4096), "d").value();
    EXPECT_EQ(all[0].config->known(), 4096u);
    EXPECT_EQ(all[0].config->read8(0xfff), 0xffu);
    EXPECT_EQ(all[0].config->read8(0x47), 0x04u);
}

TEST(Dump, TakesARowAsItStands) {
    const auto functions = read_dump(
        "65:00.0 NVMe\n"
        "00: 86 80 53 09 06 04 10 00 01 02 08 01 10 00 00 FF\n" +
            rows(64).substr(row(0).size()),
        "d");

    EXPECT_EQ(functions.value()[0].config->read32(0), 0x09538086u);
    EXPECT_EQ(functions.value()[0].config->read8(15), 0xffu);
}

TEST(Dump, ReadsAddressesWithDomainsOfEveryLength) {
    const auto functions =
        read_dump("65:00.1 a\n" + rows(64) + "\n0002:65:00.0 b\n" + rows(64) +
                      "\n10000:e1:00.0 c\n" + rows(64) + "\n3ff2c0de:00:02.0 d\n" + rows(64),
                  "d")
            .value();

    ASSERT_EQ(functions.size(), 4u);
    EXPECT_EQ(functions[0].slot, "65:00.1");
    EXPECT_EQ(functions[0].address, (pci::Address{.bus = 0x65, .function = 1}));
    EXPECT_EQ(functions[1].address->domain, 2u);
    EXPECT_EQ(functions[2].address->domain, 0x10000u);
    EXPECT_EQ(functions[3].address->domain, 0x3ff2c0deu);
}

TEST(Dump, KnowsTheLineWhereAFunctionBegins) {
    const auto functions =
        read_dump("$ lspci -x\n65:00.0 a\n" + rows(64) + "\n65:00.1 b\n" + rows(64), "d").value();

    EXPECT_EQ(functions[0].line, 2u);
    EXPECT_EQ(functions[1].line, 8u);
}

TEST(Dump, ReadsFunctionsWithoutAnEmptyLineBetween) {
    EXPECT_EQ(read_dump("65:00.0 a\n" + rows(64) + "65:00.1 b\n" + rows(64), "d").value().size(),
              2u);
}

TEST(Dump, ReadsQuotedAndIndentedTextWithWindowsLineEnds) {
    std::string text = "> > 65:00.0 NVMe\r\n> >\t\tStatus: Cap+\r\n";
    for (unsigned offset = 0; offset < 64; offset += 16)
        text += "> >   " + row(offset).substr(0, row(offset).size() - 1) + " \r\n";

    EXPECT_EQ(read_dump(text, "d").value()[0].config->known(), 64u);
}

TEST(Dump, ReadsATextThatEndsWithoutALineEnd) {
    auto text = "65:00.0 a\n" + rows(64);
    text.pop_back();

    EXPECT_EQ(read_dump(text, "d").value()[0].config->known(), 64u);
}

TEST(Dump, PassesOverDecodedText) {
    const auto functions = read_dump(
        "65:00.0 Non-Volatile memory controller: Intel\n"
        "\tControl: I/O- Mem+ BusMaster+\n"
        "\tCapabilities: [40] Power Management version 3\n"
        "\t\tFlags: PMEClk- DSI-\n"
        "\tKernel driver in use: nvme\n" +
            rows(256),
        "d");

    EXPECT_EQ(functions.value()[0].config->known(), 256u);
}

TEST(Dump, UsesBarSizesOfTheDecodedText) {
    // BAR 0 alone is not zero: 64-bit at 0xfc900000.
    const std::string text =
        "65:00.0 NVMe\n"
        "\tRegion 0: Memory at fc900000 (64-bit, non-prefetchable) [size=16K]\n"
        "\tCapabilities: [160] SR-IOV\n"
        "\t\tRegion 0: Memory at fca00000 (64-bit, non-prefetchable)\n"
        "00: 86 80 53 09 06 04 10 00 01 02 08 01 10 00 00 00\n"
        "10: 04 00 90 fc 00 00 00 00 00 00 00 00 00 00 00 00\n"
        "20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
        "30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n";

    const auto functions = read_dump(text, "d").value();

    ASSERT_TRUE(functions[0].resources) << functions[0].resources.why();
    EXPECT_EQ((*functions[0].resources)[0].size, 16384u);
}

TEST(Dump, LeavesOutFunctionsWithoutRows) {
    const auto functions =
        read_dump("65:00.0 a\n\tControl: x\n65:00.1 b\n" + rows(64) + "65:00.2 c\n", "d").value();

    ASSERT_EQ(functions.size(), 1u);
    EXPECT_EQ(functions[0].slot, "65:00.1");
}

TEST(Dump, KnowsAsMuchAsADumpThatEndsEarlyHas) {
    EXPECT_EQ(read_dump("65:00.0 a\n" + rows(208), "d").value()[0].config->known(), 208u);
}

TEST(Dump, RefusesLessThanAHeader) {
    EXPECT_EQ(wrong_text("65:00.0 a\n" + rows(48) + "65:00.1 b\n" + rows(64)),
              "dump: line 5: the dump of 65:00.0 ends after 48 bytes; a header has 64");
}

TEST(Dump, RefusesAMissingRow) {
    EXPECT_EQ(wrong_text("65:00.0 a\n" + row(0) + row(0x20)),
              "dump: line 3: the row of offset 0x20 stands where that of 0x10 is missing");
}

TEST(Dump, RefusesARepeatedRow) {
    EXPECT_EQ(wrong_text("65:00.0 a\n" + row(0) + row(0x10) + row(0x10)),
              "dump: line 4: the row of offset 0x10 is there a second time");
}

TEST(Dump, RefusesRowsOutOfOrder) {
    EXPECT_EQ(wrong_text("65:00.0 a\n" + row(0x10) + row(0)),
              "dump: line 2: the row of offset 0x10 stands where that of 0x00 is missing");
}

TEST(Dump, RefusesRowsOfAnotherLength) {
    EXPECT_EQ(wrong_text("65:00.0 a\n00: 86 80 53\n"),
              "dump: line 2: the row of offset 0x00 has 3 bytes instead of 16");
    EXPECT_EQ(wrong_text("65:00.0 a\n" + row(0).substr(0, row(0).size() - 1) + " 00\n"),
              "dump: line 2: the row of offset 0x00 has 17 bytes instead of 16");
}

TEST(Dump, RefusesWhatIsNotTwoHexDigits) {
    EXPECT_EQ(wrong_text("65:00.0 a\n00: 86 8 53\n"),
              "dump: line 2: byte 2 of the row of offset 0x00 is not two hex digits");
    EXPECT_EQ(wrong_text("65:00.0 a\n00: 86 80 xx\n"),
              "dump: line 2: byte 3 of the row of offset 0x00 is not two hex digits");
    EXPECT_EQ(wrong_text("65:00.0 a\n00: 86 +1 xx\n"),
              "dump: line 2: byte 2 of the row of offset 0x00 is not two hex digits");
}

TEST(Dump, RefusesARowBeforeTheFirstAddress) {
    EXPECT_EQ(wrong_text(row(0)),
              "dump: line 1: 16 bytes in rows without the address of a function, which are no "
              "configuration space");
}

TEST(Dump, RefusesMoreThanAConfigurationSpace) {
    // The offset of 4096 would need four digits, which is no row; so the last one is repeated.
    EXPECT_THAT(wrong_text("65:00.0 a\n" + rows(4096) + row(0xff0)), HasSubstr("second time"));
}

TEST(Dump, RefusesATextWithoutRows) {
    EXPECT_EQ(wrong_text("65:00.0 a\n"), "dump: no function with hex rows in it");
    EXPECT_EQ(wrong_text(""), "dump: no function with hex rows in it");
    EXPECT_EQ(wrong_text("\n\n"), "dump: no function with hex rows in it");
}

TEST(Dump, RefusesALineThatIsNoRowOfAnybody) {
    const auto before = "65:00.0 NVMe\n" + row(0);

    EXPECT_EQ(wrong_text(before + "10: 00" + std::string(65536, ' ')),
              "dump: line 3: longer than 65536 bytes");
    EXPECT_EQ(wrong_text(before + "10: 00" + std::string(60000, ' ')),
              "dump: line 3: the row of offset 0x10 has 1 bytes instead of 16");
}

TEST(Dump, HasAsManyFunctionsAsAHostMay) {
    std::string text;
    for (unsigned n = 0; n < 4096; ++n)
        text += fmt::format("{:04x}:00:00.0 a\n{}", n, rows(64));
    EXPECT_EQ(read_dump(text, "dump").value().size(), 4096u);

    text += "1000:00:00.0 a\n" + rows(64);
    EXPECT_THAT(wrong_text(text), HasSubstr("more than 4096 functions"));
}

TEST(Dump, HasFewLinesAboutBars) {
    std::string text = "65:00.0 NVMe\n";
    for (unsigned n = 0; n < 65; ++n)
        text += "Region 0: Memory at c0000000 [size=4K]\n";
    EXPECT_EQ(wrong_text(text + rows(64)),
              "dump: line 66: more than 64 lines about BARs of one function");
}

}  // namespace
}  // namespace tenon::capture::text
