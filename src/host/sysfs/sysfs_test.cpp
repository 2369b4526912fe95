#include "host/sysfs/sysfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <vector>

#include "tests/support/fake_sysfs.hpp"

namespace tenon::host::sysfs {
namespace {

using support::FakeSysfs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view nvme = "0000:01:00.0";

// `size` bytes of a function with this header type, vendor 1b36.
std::vector<std::byte> config(std::size_t size, std::uint8_t header_type = 0) {
    std::vector<std::byte> bytes(size);
    bytes[0x00] = std::byte{0x36};
    bytes[0x01] = std::byte{0x1b};
    bytes[0x0e] = std::byte{header_type};
    return bytes;
}

class SysfsTest : public testing::Test {
protected:
    Sysfs sysfs() const {
        return Sysfs{{.sysfs = host_.sysfs(), .dev = host_.dev(), .proc = host_.proc()}};
    }

    // The facts of the function at 01:00.0, which has to be there.
    device::DeviceFacts facts() const { return sysfs().read_facts(nvme).value(); }

    FakeSysfs host_;
};

TEST_F(SysfsTest, ReadsAFunctionThatVfioHas) {
    host_.add({.address = "0000:01:00.0",
               .config = config(4096),
               .driver = "vfio-pci",
               .group = "14",
               .vfio = "vfio3",
               .numa_node = "1"});
    host_.add_node("vfio/devices/vfio3");
    host_.add_node("iommu");

    const auto read = facts();

    EXPECT_EQ(read.source, "0000:01:00.0");
    EXPECT_EQ(read.origin, device::Origin::Live);
    EXPECT_EQ(*read.address, (pci::Address{.bus = 1}));
    EXPECT_EQ(read.physical->known(), 4096u);
    EXPECT_EQ(read.physical->read16(0), 0x1b36);
    EXPECT_EQ(*read.driver, "vfio-pci");
    EXPECT_EQ(read.group->number, 14u);
    EXPECT_THAT(read.group->members, IsEmpty());
    EXPECT_TRUE(*read.has_iommu);
    EXPECT_EQ(read.nodes->group, host_.dev() + "/vfio/14");
    EXPECT_EQ(read.nodes->cdev, host_.dev() + "/vfio/devices/vfio3");
    EXPECT_TRUE(read.nodes->iommufd);
    EXPECT_FALSE(*read.virtual_function);
    EXPECT_EQ(*read.numa_node, 1);
    EXPECT_EQ(*read.kernel, "7.2.12-amd64");
    EXPECT_EQ(read.resources->at(0), (device::ResourceFacts{.size = 0x4000, .flags = 0x140204}));
}

TEST_F(SysfsTest, LeavesUnopenedFactsUnknown) {
    host_.add({.address = "0000:01:00.0", .config = config(256)});

    const auto read = facts();

    ASSERT_FALSE(read.vfio);
    EXPECT_EQ(read.vfio.why(), "the function was not opened");
}

TEST_F(SysfsTest, KnowsNoMoreThanTheHeaderWithoutPrivilege) {
    host_.add({.address = "0000:01:00.0", .config = config(64)});

    EXPECT_EQ(facts().physical->known(), 64u);
}

TEST_F(SysfsTest, HasNoDriverWhereNoneIsBound) {
    host_.add({.address = "0000:01:00.0", .config = config(256)});

    EXPECT_EQ(*facts().driver, "");
}

TEST_F(SysfsTest, SaysThatAFunctionHasNoIommu) {
    host_.add({.address = "0000:01:00.0", .config = config(256)});

    const auto read = facts();

    EXPECT_FALSE(*read.has_iommu);
    ASSERT_FALSE(read.group);
    EXPECT_EQ(read.group.why(), "the function is in no IOMMU group");
}

TEST_F(SysfsTest, IsNotTakenInByAGroupWithoutIommu) {
    host_.add(
        {.address = "0000:01:00.0", .config = config(256), .driver = "vfio-pci", .group = "0"});
    host_.write(host_.file(nvme, "iommu_group/name"), "vfio-noiommu\n");

    const auto read = facts();

    EXPECT_EQ(read.group->number, 0u);
    EXPECT_FALSE(*read.has_iommu);
}

TEST_F(SysfsTest, NamesTheOtherMembersOfTheGroup) {
    host_.add({.address = "0000:00:1c.0",
               .config = config(256, 0x81),
               .driver = "pcieport",
               .group = "7"});
    host_.add({.address = "0000:01:00.1",
               .config = config(256, 0x80),
               .driver = "snd_hda_intel",
               .group = "7"});
    host_.add({.address = "0000:01:00.0", .config = config(256, 0x80), .group = "7"});
    host_.add({.address = "0000:02:00.0", .config = config(256), .driver = "e1000e", .group = "8"});

    const auto read = facts();

    EXPECT_THAT(
        read.group->members,
        ElementsAre(device::GroupMember{{.device = 0x1c}, "pcieport", true},
                    device::GroupMember{{.bus = 1, .function = 1}, "snd_hda_intel", false}));
}

TEST_F(SysfsTest, TakesTheClassOfAMemberFromItsRegisters) {
    auto bridge = config(256);
    bridge[0x0a] = std::byte{0x01};
    bridge[0x0b] = std::byte{0x06};
    host_.add({.address = "0000:00:1f.0", .config = bridge, .driver = "lpc_ich", .group = "7"});
    host_.add({.address = "0000:01:00.0", .config = config(256), .group = "7"});

    EXPECT_EQ(facts().group->members.at(0).class_code, 0x060100u);
}

TEST_F(SysfsTest, FindsNoCdevOnAKernelWithoutIt) {
    // The folder vfio-dev is there all the same; only the node is missing.
    host_.add({.address = "0000:01:00.0",
               .config = config(256),
               .driver = "vfio-pci",
               .group = "14",
               .vfio = "vfio0"});

    const auto read = facts();

    EXPECT_EQ(read.nodes->group, host_.dev() + "/vfio/14");
    EXPECT_EQ(read.nodes->cdev, "");
    EXPECT_FALSE(read.nodes->iommufd);
}

TEST_F(SysfsTest, KnowsWhoAVirtualFunctionIs) {
    host_.add({.address = "0000:02:00.0", .config = config(256)});
    auto unreadable = config(256);
    for (std::size_t at = 0; at < 4; ++at)
        unreadable[at] = std::byte{0xff};
    host_.add({.address = "0000:01:00.0",
               .config = unreadable,
               .physical_function = "0000:02:00.0",
               .vendor = 0x8086,
               .device = 0x10ca,
               .class_code = 0x020000});

    const auto read = facts();

    EXPECT_TRUE(*read.virtual_function);
    EXPECT_EQ(read.physical->read16(0), 0xffff);
    EXPECT_EQ(*read.identity, (device::Identity{.vendor = 0x8086,
                                                .device = 0x10ca,
                                                .subsystem_vendor = 0x1af4,
                                                .subsystem_device = 0x1100,
                                                .class_code = 0x020000,
                                                .revision = 2}));
}

TEST_F(SysfsTest, TakesThePathOfAFunctionToo) {
    host_.add({.address = "0000:01:00.0", .config = config(256)});

    EXPECT_EQ(sysfs().find(host_.sysfs() + "/bus/pci/devices/0000:01:00.0").value(),
              (pci::Address{.bus = 1}));
    EXPECT_EQ(sysfs().find(host_.sysfs() + "/devices/pci0000:00/0000:01:00.0/").value(),
              (pci::Address{.bus = 1}));
}

TEST_F(SysfsTest, SaysHowToFindFunctionsWhenOneIsAbsent) {
    const auto found = sysfs().find("01:00.0");

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, Error::Kind::NotFound);
    EXPECT_EQ(to_string(found.error()),
              "0000:01:00.0: this host has no such PCI function. List those it has with: lspci -D");
}

TEST_F(SysfsTest, RefusesWhatIsNoFunction) {
    EXPECT_EQ(sysfs().find("nvme0").error().kind, Error::Kind::Malformed);
    EXPECT_EQ(sysfs().find(host_.sysfs() + "/bus/pci").error().kind, Error::Kind::Malformed);
    EXPECT_EQ(sysfs().find(host_.sysfs() + "/none").error().kind, Error::Kind::NotFound);
}

TEST_F(SysfsTest, GivesTheReasonForEachFileThatIsWrong) {
    host_.add({.address = "0000:01:00.0", .config = std::vector<std::byte>(4)});
    host_.write(host_.file(nvme, "resource"), "0x0 0x0\n");
    host_.write(host_.file(nvme, "numa_node"), "north\n");
    std::filesystem::remove(host_.file(nvme, "vendor"));

    const auto read = facts();

    EXPECT_THAT(read.physical.why(), HasSubstr("config: 4 bytes are no configuration space"));
    EXPECT_THAT(read.resources.why(), HasSubstr("resource: it has 2 lines"));
    EXPECT_THAT(read.numa_node.why(), HasSubstr("numa_node: \"north\" is no node"));
    EXPECT_THAT(read.identity.why(), HasSubstr("vendor: No such file or directory"));
}

TEST_F(SysfsTest, KnowsNoNodeOnAKernelWithoutNuma) {
    host_.add({.address = "0000:01:00.0", .config = config(256)});
    std::filesystem::remove(host_.file(nvme, "numa_node"));

    EXPECT_EQ(*facts().numa_node, -1);
}

TEST_F(SysfsTest, ListsFunctionsInOrder) {
    host_.add({.address = "0000:0a:00.0", .config = config(256)});
    host_.add({.address = "10000:00:00.0", .config = config(256)});
    host_.add({.address = "0000:01:00.1", .config = config(256)});

    EXPECT_THAT(sysfs().list_functions().value(),
                ElementsAre(pci::Address{.bus = 1, .function = 1}, pci::Address{.bus = 0x0a},
                            pci::Address{.domain = 0x10000}));
}

TEST_F(SysfsTest, SaysThatAHostHasNoPciBus) {
    std::filesystem::remove_all(host_.sysfs() + "/bus");

    const auto listed = sysfs().list_functions();

    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().kind, Error::Kind::NotFound);
}

}  // namespace
}  // namespace tenon::host::sysfs
