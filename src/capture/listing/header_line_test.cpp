#include "capture/listing/header_line.hpp"

#include <gtest/gtest.h>

namespace tenon::capture::listing {
namespace {

TEST(HeaderLine, OfBothKindsOfNumbersTellsClassAndIds) {
    const auto line = parse_header_line(
        "VGA compatible controller [0300]: NVIDIA Corporation GP104 [GeForce GTX 1080] "
        "[10de:1b80] (rev a1) (prog-if 00 [VGA controller])");

    ASSERT_TRUE(line);
    EXPECT_EQ(line->class_code, 0x0300);
    EXPECT_EQ(line->name, "NVIDIA Corporation GP104 [GeForce GTX 1080]");
    EXPECT_EQ(line->ids, (Ids{.vendor = 0x10de, .device = 0x1b80}));
    EXPECT_EQ(line->revision, 0xa1);
    EXPECT_EQ(line->interface, 0x00);
}

TEST(HeaderLine, OfNamesAloneHasAClassByItsName) {
    const auto line = parse_header_line("PCI bridge: Intel Corporation PCIe Controller (rev 07)");

    ASSERT_TRUE(line);
    EXPECT_EQ(line->class_code, 0x0604);
    EXPECT_EQ(line->name, "Intel Corporation PCIe Controller");
    EXPECT_FALSE(line->ids);
}

TEST(HeaderLine, OfNumbersAloneHasNoName) {
    const auto line = parse_header_line("0108: 144d:a808 (rev 02)");

    ASSERT_TRUE(line);
    EXPECT_EQ(line->class_code, 0x0108);
    EXPECT_EQ(line->ids, (Ids{.vendor = 0x144d, .device = 0xa808}));
    EXPECT_EQ(line->name, "");
}

TEST(HeaderLine, OfADeviceThatLspciCannotNameHasItsIds) {
    const auto line = parse_header_line("System peripheral: Device 8086:0b25");

    ASSERT_TRUE(line);
    EXPECT_EQ(line->ids, (Ids{.vendor = 0x8086, .device = 0x0b25}));
    EXPECT_EQ(line->name, "");
}

TEST(HeaderLine, HasTheClassOfAnOldListOfNames) {
    const auto line = parse_header_line("USB Controller: Intel Corporation UHCI");

    ASSERT_TRUE(line);
    EXPECT_EQ(line->class_code, 0x0c03);
}

TEST(HeaderLine, IsNotTakenFromOtherText) {
    for (const auto* const text :
         {"", "config space:", "it does not work: help", "BAR 3: can't reserve", ": [8086:1901]",
          "VGA [03]: x", "Adding to iommu group 1"})
        EXPECT_FALSE(parse_header_line(text)) << text;
}

TEST(LastIds, AreTheLastOnesInBrackets) {
    EXPECT_EQ(last_ids("A [1234:5678] B [10de:1b80] (rev a1) [x]"),
              (Ids{.vendor = 0x10de, .device = 0x1b80}));
    EXPECT_FALSE(last_ids("A [1234:567] B ["));
    EXPECT_FALSE(last_ids("1234:5678"));
}

}  // namespace
}  // namespace tenon::capture::listing
