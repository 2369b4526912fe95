#include "model/machine/dma_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::model::machine {
namespace {

using device::Interface;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t mib = 1 << 20;

device::DmaLimits limits() {
    return {.lock_limit = 64 * mib,
            .lock_limit_applies = true,
            .locked = 1 * mib,
            .entries = std::uint32_t{65535}};
}

DmaBudget budget(Interface interface, std::uint64_t memory,
                 const device::DmaLimits& of = limits()) {
    return make_dma_budgets(of, std::array{interface}, memory, 2).front();
}

TEST(DmaBudget, CountsWhatTheProcessHasLockedForTheGroupInterface) {
    EXPECT_TRUE(budget(Interface::Group, 63 * mib).sufficient());
    EXPECT_FALSE(budget(Interface::Group, 63 * mib + 4096).sufficient());
    EXPECT_TRUE(budget(Interface::Iommufd, 64 * mib).sufficient());
    EXPECT_FALSE(budget(Interface::Iommufd, 64 * mib + 4096).sufficient());
}

TEST(DmaBudget, SaysWhoseLimitItIsAndHowMuchIsNeeded) {
    const auto by_user = problems_of(budget(Interface::Iommufd, 512 * mib));
    const auto by_process = problems_of(budget(Interface::Group, 512 * mib));

    ASSERT_THAT(by_user, SizeIs(1));
    EXPECT_EQ(
        by_user[0].what,
        "guest memory of 512 MiB has to stay locked while a device can reach it, and this user "
        "may lock 64 MiB");
    EXPECT_THAT(by_user[0].remedy, HasSubstr("ulimit -l 524288 "));
    EXPECT_THAT(by_process[0].what, HasSubstr("this process may lock"));
    EXPECT_THAT(by_process[0].remedy, HasSubstr("ulimit -l 525312 "));
}

TEST(DmaBudget, CountsMemoryForEachContainerThatHasIt) {
    const auto each = make_dma_budgets(limits(), std::array{Interface::Group, Interface::Iommufd},
                                       32 * mib, 2, 2);

    EXPECT_EQ(each[0].needed, 64 * mib);
    EXPECT_EQ(each[0].copies, 2u);
    EXPECT_EQ(each[0].mappings_needed, 2u);  // The limit is of a container.
    EXPECT_EQ(each[1].needed, 32 * mib);
    const auto problems = problems_of(each[0]);
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].what,
              "guest memory of 32 MiB has to stay locked while a device can reach it, once for "
              "each of 2 IOMMU groups, and this process may lock 64 MiB");
    EXPECT_THAT(problems_of(each[1]), IsEmpty());
}

TEST(DmaBudget, KnowsWhomTheLimitIsNotFor) {
    auto exempt = limits();
    exempt.lock_limit_applies = false;
    auto unlimited = limits();
    unlimited.lock_limit = ~0ull;

    EXPECT_TRUE(budget(Interface::Iommufd, 512 * mib, exempt).sufficient());
    EXPECT_TRUE(budget(Interface::Group, 512 * mib, unlimited).sufficient());
    EXPECT_THAT(problems_of(budget(Interface::Group, 512 * mib, exempt)), IsEmpty());
}

TEST(DmaBudget, ComparesMappingsWithTheLimitOfAContainer) {
    auto tight = limits();
    tight.lock_limit_applies = false;
    tight.entries = std::uint32_t{1};

    const auto problems = problems_of(budget(Interface::Group, 512 * mib, tight));

    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].what, "guest memory takes 2 mappings, and the kernel allows 1");
    EXPECT_THAT(problems[0].commands[0], HasSubstr("echo 2 > "));
    EXPECT_TRUE(budget(Interface::Iommufd, 512 * mib, tight).sufficient());
}

TEST(DmaBudget, NeedsNothingIfNobodySaidHowMuch) {
    EXPECT_TRUE(budget(Interface::Iommufd, 0).sufficient());
}

}  // namespace
}  // namespace tenon::model::machine
