#include "vmm/board/address_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>

namespace tenon::vmm::board {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t top = std::numeric_limits<std::uint64_t>::max();

TEST(AddressMap, PutsARangeIntoEffectWhereNothingIs) {
    AddressMap map;

    const auto change = map.add(1, {.base = 0x1000, .size = 0x1000});

    EXPECT_THAT(change.come, ElementsAre(1u));
    EXPECT_THAT(change.gone, IsEmpty());
    EXPECT_TRUE(map.in_effect(1));
}

TEST(AddressMap, LetsWhoCameLaterWait) {
    AddressMap map;
    map.add(1, {.base = 0x1000, .size = 0x1000});

    const auto change = map.add(2, {.base = 0x1fff, .size = 1});

    EXPECT_THAT(change.come, IsEmpty());
    EXPECT_FALSE(map.in_effect(2));
}

TEST(AddressMap, BringsWhoWaitedWhenThePlaceIsFree) {
    AddressMap map;
    map.add(1, {.base = 0x1000, .size = 0x1000});
    map.add(2, {.base = 0x0800, .size = 0x1000});

    const auto change = map.remove(1);

    EXPECT_THAT(change.gone, ElementsAre(1u));
    EXPECT_THAT(change.come, ElementsAre(2u));
}

TEST(AddressMap, SaysNothingWhenOneGoesThatOnlyWaited) {
    AddressMap map;
    map.add(1, {.base = 0x1000, .size = 0x1000});
    map.add(2, {.base = 0x1000, .size = 0x1000});

    const auto change = map.remove(2);

    EXPECT_THAT(change.gone, IsEmpty());
    EXPECT_THAT(change.come, IsEmpty());
    EXPECT_TRUE(map.in_effect(1));
}

// What is in effect follows from who is there and in which order they came, and from nothing else.
TEST(AddressMap, TakesAPlaceBackFromWhoCameLaterStill) {
    AddressMap map;
    map.add(1, {.base = 0x1000, .size = 0x1000});
    map.add(2, {.base = 0x1800, .size = 0x1000});
    map.add(3, {.base = 0x2400, .size = 0x1000});
    ASSERT_TRUE(map.in_effect(3));

    const auto change = map.remove(1);

    EXPECT_THAT(change.gone, ElementsAre(1u, 3u));
    EXPECT_THAT(change.come, ElementsAre(2u));
}

TEST(AddressMap, ReachesTheLastAddress) {
    AddressMap map;
    map.add(1, {.base = top - 0xfff, .size = 0x1000});

    map.add(2, {.base = top, .size = 1});
    map.add(3, {.base = top - 0x1000, .size = 1});

    EXPECT_FALSE(map.in_effect(2));
    EXPECT_TRUE(map.in_effect(3));
}

TEST(AddressMap, ForgetsNothingThatIsNotThere) {
    AddressMap map;

    EXPECT_THAT(map.remove(7).gone, IsEmpty());
}

// The rule told a second time, in the plainest way: first come, first served.
std::set<AddressMap::Id> served(
    const std::vector<std::pair<AddressMap::Id, AddressMap::Range>>& wanted) {
    std::set<AddressMap::Id> taken;
    for (const auto& [id, range] : wanted)
        if (std::ranges::none_of(wanted, [&](const auto& other) {
                return taken.contains(other.first) && other.second.overlaps(range);
            }))
            taken.insert(id);
    return taken;
}

TEST(AddressMap, HasAddedUpItsChangesToTheRule) {
    constexpr unsigned steps = 3000;
    std::mt19937_64 random{14};  // NOLINT(cert-msc51-cpp): the same steps each time.
    AddressMap map;
    std::vector<std::pair<AddressMap::Id, AddressMap::Range>> wanted;
    std::set<AddressMap::Id> followed;
    for (AddressMap::Id step = 1; step <= steps; ++step) {
        AddressMap::Change change;
        if (wanted.size() > 8 || (!wanted.empty() && random() % 2 == 0)) {
            const auto gone =
                wanted.begin() + static_cast<std::ptrdiff_t>(random() % wanted.size());
            change = map.remove(gone->first);
            wanted.erase(gone);
        } else {
            const AddressMap::Range range{.base = random() % 32, .size = 1 + random() % 8};
            change = map.add(step, range);
            wanted.emplace_back(step, range);
        }
        for (const auto id : change.gone)
            ASSERT_EQ(followed.erase(id), 1u) << step;
        for (const auto id : change.come)
            ASSERT_TRUE(followed.insert(id).second) << step;
        ASSERT_EQ(followed, served(wanted)) << step;
    }
}

}  // namespace
}  // namespace tenon::vmm::board
