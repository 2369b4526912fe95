#include "capture/text/marks.hpp"

#include <gtest/gtest.h>

namespace tenon::capture::text {
namespace {

constexpr std::string_view row = "10: 04 00 90 fc 00 00 00 00 00 00 00 00 00 00 00 00";

std::string marks_of_row(std::string_view front) {
    const auto line = std::string{front} + std::string{row};
    const auto bare = without_marks(line);
    return bare.row && bare.row->count == 16 ? bare.marks : "no row";
}

TEST(Marks, StandInFrontOfARow) {
    EXPECT_EQ(marks_of_row(""), "");
    EXPECT_EQ(marks_of_row("\t  "), "");
    EXPECT_EQ(marks_of_row("> > "), ">>");
    EXPECT_EQ(marks_of_row(">>"), ">>");
    EXPECT_EQ(marks_of_row("| "), "|");
    EXPECT_EQ(marks_of_row("+"), "+");
    EXPECT_EQ(marks_of_row("-"), "-");
    EXPECT_EQ(marks_of_row("**"), "");
    EXPECT_EQ(marks_of_row("* "), "");
    EXPECT_EQ(marks_of_row("`"), "");
    EXPECT_EQ(marks_of_row("[    1.000000] "), "t");
    EXPECT_EQ(marks_of_row("[    1.000000][    T0] "), "tt");
    EXPECT_EQ(marks_of_row("[Tue Dec  1 21:06:10 2026] "), "t");
    EXPECT_EQ(marks_of_row("<6>[    1.000000] "), "lt");
    EXPECT_EQ(marks_of_row("Dec  1 11:11:11 host kernel: "), "j");
    EXPECT_EQ(marks_of_row("Dec 01 11:11:11 host bash[12]: "), "j");
    EXPECT_EQ(marks_of_row("2026-12-01T11:11:11.123456+01:00 host kernel: "), "j");
    EXPECT_EQ(marks_of_row("> Dec 01 11:11:11 host kernel: [ 1.0] "), ">jt");
}

TEST(Marks, AreNumbersOfLines) {
    for (const auto* const front : {"   2  ", "2\t", "2:", "2: ", " 2 | ", "2) "}) {
        const auto line = std::string{front} + std::string{row};
        const auto bare = without_marks(line);
        EXPECT_EQ(bare.marks, "n") << front;
        EXPECT_EQ(bare.number, 2u) << front;
        EXPECT_TRUE(bare.row) << front;
    }
    EXPECT_EQ(without_marks("12 or 13 times").marks, "");
}

TEST(Marks, AreNotWhatNobodyKnows) {
    EXPECT_EQ(marks_of_row("foo "), "no row");
    EXPECT_EQ(marks_of_row("# "), "no row");
    EXPECT_EQ(marks_of_row("[tag] "), "no row");
    EXPECT_EQ(marks_of_row("Dec 01 11:11:11 two words here "), "no row");
    EXPECT_EQ(marks_of_row(std::string(16, '>')), "no row");
}

TEST(Marks, KeepAStarThatStandsForRows) {
    EXPECT_EQ(without_marks("*").text, "*");
    EXPECT_EQ(without_marks("> *").text, "*");
}

TEST(AddressLine, IsThatOfLspci) {
    EXPECT_EQ(as_address("65:00.1 NVMe")->slot, "65:00.1");
    EXPECT_EQ(as_address("0000:03:00.0:")->slot, "0000:03:00.0");
    EXPECT_EQ(as_address("0000_01_00.0")->slot, "0000:01:00.0");
    EXPECT_EQ(as_address("10000:e1:00.0 x")->address.domain, 0x10000u);
}

TEST(AddressLine, IsThatOfTheKernel) {
    EXPECT_EQ(as_address("pci 0000:03:00.0: config space:")->slot, "0000:03:00.0");
    EXPECT_EQ(as_address("pci 0000:03:00.0 config space:")->slot, "0000:03:00.0");
    EXPECT_FALSE(as_address("pci 0000:03:00.0: [8086:1237] type 00 class 0x060000"));
}

TEST(AddressLine, NamesTheFile) {
    EXPECT_EQ(as_address("/sys/bus/pci/devices/0000:01:00.0/config:")->slot, "0000:01:00.0");
    EXPECT_EQ(as_address("# xxd /sys/bus/pci/devices/0000:01:00.0/config")->slot, "0000:01:00.0");
    EXPECT_EQ(as_address("==> /sys/devices/pci0000:00/0000:00:02.0/config <==")->slot,
              "0000:00:02.0");
    EXPECT_FALSE(as_address("cat /etc/config"));
    EXPECT_FALSE(as_address("diff /sys/0000:01:00.0/config /sys/0000:02:00.0/config"));
}

TEST(AddressLine, IsNoOtherLine) {
    EXPECT_FALSE(as_address("nvme 0000:03:00.0: enabling device"));
    EXPECT_FALSE(as_address("03:00.9 x"));
    EXPECT_FALSE(as_address("12:30 pm"));
    EXPECT_FALSE(as_address(""));
}

}  // namespace
}  // namespace tenon::capture::text
