// Which rows belong to a function, and which lines only look like rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/text/dump.hpp"

namespace tenon::capture::text {
namespace {

using testing::HasSubstr;

constexpr std::string_view row_0 = "00: 86 80 53 09 06 04 10 00 01 02 08 01 10 00 00 00\n";
constexpr std::string_view row_1 = "10: 04 00 90 fc 00 00 00 00 00 00 00 00 00 00 00 00\n";
constexpr std::string_view row_2 = "20: 00 00 00 00 00 00 00 00 00 00 00 00 86 80 01 37\n";
constexpr std::string_view row_3 = "30: 00 00 00 00 40 00 00 00 00 00 00 00 ff 01 00 00\n";
constexpr std::string_view row_4 = "40: 01 50 03 00 08 00 00 00 00 00 00 00 00 00 00 00\n";

template <typename... Parts>
std::string joined(const Parts&... parts) {
    std::string text;
    (text.append(parts), ...);
    return text;
}

const std::string header = joined(row_0, row_1, row_2, row_3);

// How many bytes a function has, or what is wrong with it.
std::string said(const Function& function) {
    return function.config ? fmt::format("{}: {}", function.slot, function.config->known())
                           : function.config.error().what;
}

std::vector<std::string> said(const std::string& text) {
    const auto functions = read_dump(text, "dump");
    if (!functions) return {functions.error().what};
    std::vector<std::string> all;
    for (const auto& function : *functions)
        all.push_back(said(function));
    return all;
}

using Said = std::vector<std::string>;
const Said whole{"01:00.0: 64"};

TEST(Owners, HaveNoLinesOfInterrupts) {
    const auto text = "01:00.0 VGA\n" + header;
    EXPECT_EQ(said(text + "\n*** /proc/interrupts\n  16:        28          0   IO-APIC\n"), whole);
    EXPECT_EQ(said(text + "\n  40:        28          0   IO-APIC\n"), whole);
    EXPECT_EQ(said(text + "  40:        28          0   IO-APIC\n"), whole);
    EXPECT_EQ(said(text + "  16:        28          0   IO-APIC\n"), whole);
    EXPECT_EQ(said(text + "\n12: 30 pm I rebooted\n"), whole);
    EXPECT_EQ(said(text + "\n40: 30 pm I rebooted\n"), whole);
}

TEST(Owners, HaveNoCodeOfAnOops) {
    const auto code =
        "   a:\t55                   \tpush   %rbp\n  12:\te8 03 72 88 fe       \tcall\n";
    EXPECT_EQ(said(std::string{code} + "01:00.0 VGA\n" + header), whole);
    EXPECT_EQ(said("01:00.0 VGA\n" + header + code), whole);
}

TEST(Owners, HaveNoTablesOfOtherThings) {
    // An I2C bus, a monitor's EDID and memory with text in it.
    const auto i2c = "     0  1  2  3\n00:          -- --\n10: 10 -- -- --\n";
    const auto edid =
        "00: 00 ff ff ff ff ff ff 00 10 ac 4e 41 4c 4a 41 30\n"
        "10: 2b 1d 01 04 a5 35 1e 78 3a 04 95 a9 55 4d 9d 26\n"
        "20: 0f 50 54 a5 4b 00 71 4f 81 80 a9 c0 a9 40 d1 c0\n"
        "30: e1 00 01 01 01 01 02 3a 80 18 71 38 2d 40 58 2c\n";
    const auto heading = "EDID of the monitor:\n";
    for (const auto& other : {std::string{i2c}, std::string{edid}, joined(heading, edid)}) {
        EXPECT_EQ(said(joined(other, "\n01:00.0 VGA\n", header)), whole) << other;
        EXPECT_EQ(said(joined("01:00.0 VGA\n", header, "\n", other)), whole) << other;
        EXPECT_EQ(said(joined("01:00.0 VGA\n\nother text\n", other, "\n01:00.0 VGA\n", header)),
                  whole)
            << other;
    }
}

TEST(Owners, MayHaveTextOfLspciBetween) {
    EXPECT_EQ(said("01:00.0 VGA\n\tSubsystem: x\n\tRegion 0: Memory at 1 [size=4K]\n" + header),
              whole);
    EXPECT_EQ(said(joined("01:00.0 VGA\n", row_0, row_1, "<-- see BAR 0\n", row_2, row_3)), whole);
    EXPECT_EQ(said(joined("01:00.0 VGA\n\n", row_0, "\n", row_1, "\n", row_2, "\n", row_3)), whole);
}

TEST(Owners, AreNotFoundBehindOtherText) {
    // The last line of a list of devices is not the device that was dumped next.
    EXPECT_EQ(said("00:1f.3 Audio\n\nHere is the card:\n" + header), Said{"0: 64"});
    EXPECT_EQ(said("00:1f.3 Audio\n$ sudo lspci -x | tail\n" + header), Said{"0: 64"});
    EXPECT_EQ(said("> 00:1f.3 Audio\n" + header), Said{"0: 64"});
}

TEST(Owners, HaveFaultsOfTheirOwn) {
    const auto good = "02:00.0 b\n" + header;
    EXPECT_EQ(said(joined("01:00.0 a\n", row_0, row_2, row_3, "\n", good)),
              (Said{"dump: line 3: the row of offset 0x20 stands where that of 0x10 is missing",
                    "02:00.0: 64"}));
    EXPECT_EQ(
        said(joined(good, "\n01:00.0 a\n", row_0, "10: 04 00 zz\n", row_2, row_3, "03:00.0 c\n")),
        (Said{"02:00.0: 64",
              "dump: line 9: byte 3 of the row of offset 0x10 is not two hex digits"}));
}

TEST(Owners, KnowWhatWasNotCutOff) {
    EXPECT_EQ(said("01:00.0 a\n" + header + "40: 01 50 0"), whole);
    EXPECT_EQ(said("01:00.0 a\n" + header + "40: 01 50 0\n\n \n"), whole);
    EXPECT_EQ(said("01:00.0 a\n" + header + "40: 01 50 0\n02:00.0 b\n"),
              Said{"dump: line 6: byte 3 of the row of offset 0x40 is not two hex digits"});
    EXPECT_EQ(said(joined("01:00.0 a\n", row_0, "10: 04")),
              Said{"dump: line 3: the row of offset 0x10 has 1 bytes instead of 16"});
    EXPECT_EQ(said(joined("01:00.0 a\n", row_0, "10: 00 00 00 00 0\n", row_2, row_3)),
              Said{"dump: line 3: byte 5 of the row of offset 0x10 is not two hex digits"});
}

TEST(Owners, DoNotLoseARowInSilence) {
    const auto begin = joined("01:00.0 a\n", row_0, row_1, row_2);
    EXPECT_EQ(said(begin + "see " + std::string{row_3}),
              Said{"dump: line 5: the row of offset 0x30 stands behind other text"});
    EXPECT_EQ(
        said(begin + "> " + std::string{row_3}),
        Said{"dump: line 5: the row of offset 0x30 has other marks in front than those before"});
    EXPECT_EQ(
        said(begin + "30:  00 00 00 00 40 00 00 00 00 00 00 00 ff 01 00 00\n"),
        Said{"dump: line 5: the row of offset 0x30 is written in another way than those before"});
    EXPECT_EQ(said(joined("01:00.0 a\n", header, row_4, "\nmore:\n",
                          "50: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n")),
              Said{"dump: line 9: the row of offset 0x50 stands behind text of something else"});
}

TEST(Owners, HaveRowsInBold) {
    const auto bold = "**" + std::string{row_1.substr(0, row_1.size() - 1)} + "**\n";
    EXPECT_EQ(said(joined("**01:00.0** VGA\n", row_0, bold, row_2, row_3)), whole);
}

TEST(Owners, HaveNoRowsOfAPatchThatTakesThemAway) {
    EXPECT_EQ(said(joined("01:00.0 a\n", row_0, "-", row_1, "+", row_1)),
              Said{"dump: line 3: a patch takes the row of offset 0x10 away"});
}

TEST(Owners, MayHaveNoNameAndBeSeveral) {
    EXPECT_EQ(said(header + "\nthe other:\n" + header), (Said{"0: 64", "1: 64"}));
}

TEST(Owners, MayBeThereTwice) {
    const auto text = "01:00.0 a\n" + header + "\nafter it:\n01:00.0 a\n" + header;
    EXPECT_EQ(said(text), (Said{"01:00.0: 64", "01:00.0: 64"}));
}

TEST(Owners, AreNotGuessedFromBytes) {
    EXPECT_EQ(said("00: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"),
              Said{"dump: line 1: 16 bytes in rows without the address of a function, which are no "
                   "configuration space"});
    EXPECT_THAT(said(std::string(128, '0') + "\n")[0],
                HasSubstr("line 1: 64 bytes in hex without"));
    // No capability list: which byte of a word comes first is not to be seen.
    EXPECT_EQ(said("0000000 8086 0953 0406 0000 0201 0108 0010 0000\n"
                   "0000010 0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000040\n"),
              Said{"dump: line 1: the order of the bytes in words of 4 digits is not certain"});
    // Behind a star at once, 40 may be 64 in hex or 32 in octal digits.
    EXPECT_THAT(said("0000000 8086 0953 0406 0000 0201 0108 0010 0000\n*\n0000040\n")[0],
                HasSubstr("16 bytes in rows"));
}

TEST(Owners, GetTheSizesOfATextElsewhere) {
    const auto text =
        "01:00.0 a\n\tRegion 0: Memory at fc900000 (64-bit, non-prefetchable) [size=3D16K]\n"
        "\tRegion 2: Memory at <ignored>\n\n# lspci -x\n01:00.0 a\n" +
        header;
    const auto other =
        "01:00.0 a\n\tRegion 0: Memory at fca00000 (64-bit) [size=16K]\n\n01:00.0 a\n";

    EXPECT_EQ((*read_dump(text, "d").value()[0].resources)[0].size, 16384u);
    EXPECT_FALSE(read_dump(other + header, "d").value()[0].resources);
}

}  // namespace
}  // namespace tenon::capture::text
