#include "capture/listing/group_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::capture::listing {
namespace {

using pci::Address;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Address card{.bus = 1};
constexpr Address port{.device = 1};

TEST(GroupLine, HasItsMemberBehindTheNumber) {
    for (const auto* const text :
         {"IOMMU Group 12 01:00.0 VGA compatible controller", "IOMMU group 12: 0000:01:00.0 VGA",
          "Group 12:  [10de:1b80] [R] 01:00.0 VGA compatible", "iommu_group 12 - 01:00.0"}) {
        const auto line = parse_group_line(text);
        ASSERT_TRUE(line) << text;
        EXPECT_EQ(line->number, 12u) << text;
        EXPECT_EQ(line->address, card) << text;
    }
}

TEST(GroupLine, MayStandAboveItsMembers) {
    for (const auto* const text :
         {"IOMMU Group 12:", "IOMMU group 12", "### IOMMU Group 12", "Group: 12", "Group 12:"}) {
        const auto line = parse_group_line(text);
        ASSERT_TRUE(line) << text;
        EXPECT_EQ(line->number, 12u) << text;
        EXPECT_FALSE(line->address) << text;
    }
}

TEST(GroupLine, IsNotTakenFromOtherText) {
    for (const auto* const text :
         {"", "Group", "group 1 has a bridge and my card", "IOMMU Group x:", "Groups 1:",
          "IOMMU Group 123456:", "pci 0000:01:00.0: Adding to iommu group 1"})
        EXPECT_FALSE(parse_group_line(text)) << text;
}

TEST(GroupPath, NamesAGroupAndPerhapsAMember) {
    const auto member = parse_group_path("/sys/kernel/iommu_groups/3/devices/0000:01:00.0");
    ASSERT_TRUE(member);
    EXPECT_EQ(member->number, 3u);
    EXPECT_EQ(member->address, card);

    const auto folder = parse_group_path("$ ls -l /sys/kernel/iommu_groups/3/devices/");
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->number, 3u);
    EXPECT_FALSE(folder->address);

    const auto link = parse_group_path(
        "/sys/bus/pci/devices/0000:01:00.0/iommu_group -> ../../../../kernel/iommu_groups/3");
    ASSERT_TRUE(link);
    EXPECT_EQ(link->address, card);
    EXPECT_FALSE(parse_group_path("ls /sys/kernel/iommu_groups/"));
    EXPECT_FALSE(parse_group_path("../../kernel/iommu_groups/3"));
}

TEST(DevicePath, IsTheWayDown) {
    EXPECT_THAT(parse_device_path("lrwxrwxrwx 1 root root 0 Dec  1 10:00 0000:01:00.0 -> "
                                  "../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0"),
                ElementsAre(port, card));
    EXPECT_THAT(parse_device_path("0000:01:00.0 -> ../platform/x"), IsEmpty());
    EXPECT_THAT(parse_device_path("/devices/pci0000:00/0000:00:01.0"), IsEmpty());
}

TEST(AllAddresses, AreNoneWhereAnotherWordIs) {
    EXPECT_THAT(all_addresses("0000:00:01.0  0000:01:00.0"), ElementsAre(port, card));
    EXPECT_THAT(all_addresses("0000:00:01.0 and 0000:01:00.0"), IsEmpty());
}

}  // namespace
}  // namespace tenon::capture::listing
