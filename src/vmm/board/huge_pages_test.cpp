#include "vmm/board/huge_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tenon::vmm::board {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;

class HugePages : public testing::Test {
protected:
    void TearDown() override { std::filesystem::remove_all(sysfs); }

    // A pool with this many pages in all, free, and promised.
    void pool(const std::string& folder, int all, int free, int promised) const {
        const auto path = sysfs + folder;
        std::filesystem::create_directories(path);
        std::ofstream{path + "/nr_hugepages"} << all << '\n';
        std::ofstream{path + "/free_hugepages"} << free << '\n';
        std::ofstream{path + "/resv_hugepages"} << promised << '\n';
    }

    std::string sysfs = testing::TempDir() + "tenon-huge-pages-" +
                        testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(HugePages, AreEnoughIfAsManyAreFreeAsNeeded) {
    pool("/kernel/mm/hugepages/hugepages-2048kB", 600, 512, 0);

    EXPECT_TRUE(check_huge_pages(gib, 2 * mib, std::nullopt, sysfs));
}

TEST_F(HugePages, DoNotCountThoseThatAreGivenToOthers) {
    pool("/kernel/mm/hugepages/hugepages-2048kB", 600, 512, 12);

    const auto checked = check_huge_pages(gib, 2 * mib, std::nullopt, sysfs);

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, Error::Kind::Busy);
    EXPECT_EQ(checked.error().what,
              "guest memory of 1 GiB needs 512 huge pages of 2 MiB: 500 are free");
    EXPECT_EQ(checked.error().hint, "As root: echo 612 > " + sysfs +
                                        "/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
}

TEST_F(HugePages, AreCountedOnTheNodeThatTheyMustComeFrom) {
    pool("/kernel/mm/hugepages/hugepages-1048576kB", 8, 8, 0);
    pool("/devices/system/node/node1/hugepages/hugepages-1048576kB", 1, 1, 0);

    const auto checked = check_huge_pages(2 * gib, gib, 1, sysfs);

    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().what,
                HasSubstr("needs 2 huge pages of 1 GiB on NUMA node 1: 1 are free"));
    EXPECT_THAT(checked.error().hint, HasSubstr("hugepagesz=1G hugepages=2"));
}

TEST_F(HugePages, NameTheSizesThatThereAre) {
    pool("/kernel/mm/hugepages/hugepages-2048kB", 0, 0, 0);

    const auto checked = check_huge_pages(gib, gib, std::nullopt, sysfs);

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().what, "huge pages of 1 GiB: this host has those of 2 MiB");
}

TEST_F(HugePages, SayThatThereAreNone) {
    const auto checked = check_huge_pages(gib, 2 * mib, std::nullopt, sysfs);

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().what, "huge pages of 2 MiB: this host has none");
}

TEST_F(HugePages, TakeNoWordForANumber) {
    pool("/kernel/mm/hugepages/hugepages-2048kB", 0, 0, 0);
    std::ofstream{sysfs + "/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"} << "many\n";

    EXPECT_FALSE(check_huge_pages(gib, 2 * mib, std::nullopt, sysfs));
}

class MemfdPages : public HugePages {
protected:
    void choice(const std::string& file, const std::string& words) const {
        const auto path = sysfs + "/kernel/mm/transparent_hugepage/" + file;
        std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
        std::ofstream{path} << words << '\n';
    }
};

TEST_F(MemfdPages, AreNotHugeByDefault) {
    EXPECT_FALSE(memfd_may_be_huge(sysfs));
    choice("shmem_enabled", "always within_size advise [never] deny force");
    choice("hugepages-2048kB/shmem_enabled", "always [inherit] within_size advise never");
    EXPECT_FALSE(memfd_may_be_huge(sysfs));
}

TEST_F(MemfdPages, MayBeHugeIfTheAdministratorSaidSo) {
    choice("shmem_enabled", "always within_size [advise] never deny force");
    EXPECT_TRUE(memfd_may_be_huge(sysfs));
    choice("hugepages-2048kB/shmem_enabled", "always inherit within_size advise [never]");
    EXPECT_FALSE(memfd_may_be_huge(sysfs));
}

TEST_F(MemfdPages, MayBeHugeByTheChoiceForTheirSize) {
    choice("shmem_enabled", "always within_size advise [never] deny force");
    choice("hugepages-2048kB/shmem_enabled", "always inherit within_size [advise] never");
    EXPECT_TRUE(memfd_may_be_huge(sysfs));
    choice("shmem_enabled", "always within_size advise never [deny] force");
    EXPECT_FALSE(memfd_may_be_huge(sysfs));
}

}  // namespace
}  // namespace tenon::vmm::board
