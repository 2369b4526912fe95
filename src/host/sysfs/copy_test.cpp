// Sysfs of another host, in a folder and in an archive.
#include "host/sysfs/copy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/archive_tree.hpp"
#include "tests/support/fake_sysfs.hpp"

namespace tenon::host::sysfs {
namespace {

namespace fs = std::filesystem;
using device::DeviceFacts;
using pci::Address;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Address nvme{.bus = 1};

std::vector<std::byte> config(std::uint8_t header_type = 0) {
    std::vector<std::byte> bytes(256);
    bytes[0] = std::byte{0x36};
    bytes[1] = std::byte{0x1b};
    bytes[0x0e] = std::byte{header_type};
    return bytes;
}

// The files of another host: a function, and one beside it in its group.
class CopiedSysfs : public testing::Test {
protected:
    CopiedSysfs() {
        tree_.add({.address = "0000:01:00.0", .config = config(), .driver = "nvme", .group = "14"});
        tree_.add({.address = "0000:01:00.1", .config = config(), .driver = "nvme", .group = "14"});
    }

    // What the kernel puts beside every function.
    void complete(std::string_view address) {
        fs::create_symlink("../../../bus/pci", tree_.file(address, "subsystem"));
    }

    std::string root() const { return fs::path{tree_.sysfs()}.parent_path().string(); }
    std::string function(std::string_view address = "0000:01:00.0") const {
        return fmt::format("{}/bus/pci/devices/{}", tree_.sysfs(), address);
    }

    static DeviceFacts facts_of(const OpenedCopy& opened) {
        DeviceFacts facts;
        Sysfs{opened.copy}.fill_in(*opened.function, facts);
        return facts;
    }

    support::FakeSysfs tree_;
};

TEST_F(CopiedSysfs, IsOpenedByItsRootOrAFunction) {
    for (const auto& folder : {root(), tree_.sysfs(), tree_.sysfs() + "/"}) {
        const auto opened = open_copy(folder).value();
        EXPECT_FALSE(opened.function);
        EXPECT_THAT(Sysfs{opened.copy}.list_functions().value(),
                    ElementsAre(nvme, Address{.bus = 1, .function = 1}));
    }
    const auto real = tree_.file("0000:01:00.0", "").parent_path().string();
    for (const auto& folder : {function(), function() + "/", real})
        EXPECT_EQ(open_copy(folder).value().function, nvme);
}

TEST_F(CopiedSysfs, IsACaptureOfItsHost) {
    const auto facts = facts_of(open_copy(function()).value());

    EXPECT_EQ(facts.origin, device::Origin::Capture);
    EXPECT_EQ(facts.physical->read16(0), 0x1b36u);
    EXPECT_EQ(*facts.driver, "nvme");
    EXPECT_EQ(facts.group->number, 14u);
    EXPECT_THAT(facts.group->members, ElementsAre(device::GroupMember{
                                          .address = {.bus = 1, .function = 1}, .driver = "nvme"}));
    EXPECT_EQ((*facts.resources)[0].size, 0x4000u);
    EXPECT_EQ(*facts.kernel, "7.2.12-amd64");
    EXPECT_FALSE(facts.nodes);
    EXPECT_FALSE(facts.vfio);
}

TEST_F(CopiedSysfs, OfOneFolderAloneHasWhatIsInIt) {
    const auto alone = fs::path{root()} / "kept" / "0000:01:00.0";
    fs::create_directories(alone);
    fs::copy(tree_.file("0000:01:00.0", "config"), alone / "config");

    const auto facts = facts_of(open_copy(alone.string()).value());

    EXPECT_EQ(*facts.address, nvme);
    EXPECT_EQ(facts.physical->read16(0), 0x1b36u);
    EXPECT_THAT(facts.resources.why(), HasSubstr("No such file"));
}

TEST_F(CopiedSysfs, ThatLacksFilesDoesNotSayNo) {
    fs::remove(tree_.file("0000:01:00.0", "driver"));
    fs::remove(tree_.file("0000:01:00.0", "iommu_group"));
    fs::remove(tree_.file("0000:01:00.0", "numa_node"));
    const auto partial = facts_of(open_copy(function()).value());

    EXPECT_EQ(partial.driver.why(), "the copy of sysfs has no link that tells; tar keeps links");
    EXPECT_EQ(partial.group.why(), "the copy of sysfs has no link that tells; tar keeps links");
    EXPECT_FALSE(partial.has_iommu);
    EXPECT_FALSE(partial.virtual_function);
    EXPECT_FALSE(partial.numa_node);
    EXPECT_FALSE(partial.reset_methods);

    complete("0000:01:00.0");
    const auto whole = facts_of(open_copy(function()).value());

    EXPECT_EQ(*whole.driver, "");
    EXPECT_FALSE(*whole.has_iommu);
    EXPECT_FALSE(*whole.virtual_function);
    EXPECT_TRUE(whole.reset_methods->empty());
}

TEST_F(CopiedSysfs, WithoutMembersOfTheGroupDoesNotGuessThem) {
    fs::remove_all(tree_.sysfs() + "/kernel");
    const auto facts = facts_of(open_copy(function()).value());

    EXPECT_TRUE(*facts.has_iommu);
    EXPECT_EQ(facts.group.why(), "the copy does not show who is in IOMMU group 14");
}

TEST_F(CopiedSysfs, IsReadWithoutTheFoldersOfItsBus) {
    fs::remove_all(tree_.sysfs() + "/bus");

    EXPECT_THAT(open_copy(root()).value().copy.folders, testing::SizeIs(2));
}

TEST_F(CopiedSysfs, IsNotLeftThroughItsLinks) {
    const support::FakeSysfs other;
    other.write(fs::path{other.sysfs()} / "secret", "bytes of somebody else");
    fs::remove(tree_.file("0000:01:00.0", "config"));
    fs::create_symlink(other.sysfs() + "/secret", tree_.file("0000:01:00.0", "config"));

    const auto facts = facts_of(open_copy(function()).value());

    EXPECT_THAT(facts.physical.why(), HasSubstr(", out of "));
}

TEST_F(CopiedSysfs, MayHaveLinksThatGoRoundInACircle) {
    tree_.add({.address = "0000:00:01.0", .config = config(1)});
    const auto below = tree_.file("0000:00:01.0", "0000:02:00.0");
    fs::create_directories(below);
    fs::create_directory_symlink(".", below / "0000:02:00.0");
    fs::create_directory_symlink("..", below / "0000:02:00.1");
    fs::remove_all(tree_.sysfs() + "/bus");

    const auto opened = open_copy(below.string()).value();

    EXPECT_EQ(opened.function, (Address{.bus = 2}));
    EXPECT_TRUE(facts_of(opened).bus_neighbours->empty());
}

TEST_F(CopiedSysfs, WithoutAFunctionIsNone) {
    const auto error = open_copy(tree_.dev()).error();

    EXPECT_THAT(error.what, HasSubstr("no PCI function in it"));
    EXPECT_THAT(error.hint, HasSubstr("a copy of /sys"));
}

TEST_F(CopiedSysfs, IsNotOfTheHostThatReadsIt) {
    support::FakeSysfs here;
    here.add({.address = "0000:01:00.0", .config = config()});
    const Sysfs host{{.sysfs = here.sysfs(), .dev = here.dev(), .proc = here.proc()}};
    const auto link = fs::path{root()} / "link";
    fs::create_directory_symlink(here.sysfs() + "/bus/pci/devices/0000:01:00.0", link);

    EXPECT_FALSE(host.owns(function()));
    EXPECT_TRUE(host.owns(here.sysfs() + "/bus/pci/devices/0000:01:00.0"));
    EXPECT_TRUE(host.owns(link.string()));
    EXPECT_FALSE(host.owns(root() + "/none"));
}

TEST(Sysfs, OfTheKernelIsKnownByItsFileSystem) {
    const Sysfs host;

    EXPECT_TRUE(host.owns("/sys/bus"));
    EXPECT_FALSE(host.owns("/tmp"));
    EXPECT_FALSE(host.owns("/proc"));
}

TEST(RootOfMember, IsWhereSysWouldBe) {
    EXPECT_EQ(root_of_member("r/sys/bus/pci/devices/0000:00:01.0"), "r/sys");
    EXPECT_EQ(root_of_member("sys/devices/pci0000:00/0000:00:01.0/config"), "sys");
    EXPECT_EQ(root_of_member("r/sys/kernel/iommu_groups/1/devices/0000:00:01.0"), "r/sys");
    EXPECT_EQ(root_of_member("bus/pci/devices/0000:00:01.0"), "");
    EXPECT_FALSE(root_of_member("r/sys/devices/platform/x/config"));
    EXPECT_FALSE(root_of_member("r/lspci.txt"));
}

TEST(FindCopy, ReadsWhatTarPutsIntoFilesOfSysfs) {
    // Files of sysfs are said to have 4096 bytes; tar fills up what the kernel does not give.
    const auto tree = std::make_shared<ArchiveTree>("it.tar");
    const std::string place = "sys/devices/pci0000:00/0000:00:02.0/";
    const auto add = [&](const std::string& name, std::string content) {
        content.resize(4096, '\0');
        ASSERT_TRUE(tree->add({.path = place + name, .kind = MemberKind::File, .target = {}},
                              std::move(content)));
    };
    std::string header(64, '\0');
    header[0] = '\x86';
    header[1] = '\x80';
    header[6] = '\x10';
    header[0x34] = '\x40';
    add("config", header);
    add("numa_node", "1\n");

    const auto copy = find_copy(tree, "it.tar/sys").value();
    DeviceFacts facts;
    Sysfs{copy}.fill_in({.device = 2}, facts);

    EXPECT_EQ(facts.physical->known(), 64u);
    EXPECT_EQ(*facts.numa_node, 1);
}

}  // namespace
}  // namespace tenon::host::sysfs
