#include "model/iommu/mapped_areas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <optional>

namespace tenon::model::iommu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Permissions both{.read = true, .write = true};
constexpr auto everything = everywhere;
constexpr IovaRange named{0, 0xff'ffff};  // By one page-selective invalidation.

// Entries of 4 KiB side by side, in both address spaces.
Extents pages(std::uint64_t iova, std::uint64_t count, std::uint64_t address);

Extent extent(std::uint64_t iova, std::uint64_t size, std::uint64_t address,
              Permissions allowed = both) {
    return {Iova{iova}, size, GuestAddress{address}, allowed};
}

Extents pages(std::uint64_t iova, std::uint64_t count, std::uint64_t address) {
    Extents all;
    for (std::uint64_t n = 0; n < count; ++n)
        all.push_back(extent(iova + n * 0x1000, 0x1000, address + n * 0x1000));
    return all;
}

TEST(MappedAreas, MapsWhatIsNew) {
    MappedAreas areas;
    const Extents found{extent(0x1000, 0x1000, 0x5000), extent(0x2000, 0x1000, 0x6000)};

    const auto changes = areas.update(everything, found);

    EXPECT_THAT(changes.unmap, IsEmpty());
    EXPECT_EQ(changes.map, found);
    EXPECT_EQ(areas.areas(), found);
}

TEST(MappedAreas, TouchesNothingThatIsAsItWas) {
    MappedAreas areas;
    const Extents found{extent(0x1000, 0x1000, 0x5000)};
    areas.update(everything, found);
    EXPECT_EQ(areas.update(everything, found), AreaChanges{});
}

TEST(MappedAreas, UnmapsNeighboursByOneCall) {
    MappedAreas areas;
    areas.update(everything, {extent(0x1000, 0x1000, 0x5000), extent(0x2000, 0x1000, 0x9000),
                              extent(0x8000, 0x1000, 0xa000)});

    const auto changes = areas.update(everything, {});

    EXPECT_THAT(changes.unmap, ElementsAre(IovaRange{0x1000, 0x2fff}, IovaRange{0x8000, 0x8fff}));
    EXPECT_EQ(areas.count(), 0u);
}

TEST(MappedAreas, LooksAtTheRangeAlone) {
    MappedAreas areas;
    areas.update(everything, {extent(0x1000, 0x1000, 0x5000), extent(0x2000, 0x1000, 0x6000)});
    const auto changes = areas.update({0x2000, 0x2fff}, {});
    EXPECT_THAT(changes.unmap, ElementsAre(IovaRange{0x2000, 0x2fff}));
    EXPECT_THAT(areas.areas(), ElementsAre(extent(0x1000, 0x1000, 0x5000)));
}

TEST(MappedAreas, ReplacesWhatLeadsElsewhereOrAllowsOtherThings) {
    MappedAreas areas;
    areas.update(everything, {extent(0x1000, 0x1000, 0x5000), extent(0x2000, 0x1000, 0x6000)});
    const Extents now{extent(0x1000, 0x1000, 0x7000),
                      extent(0x2000, 0x1000, 0x6000, {.read = true})};
    const auto changes = areas.update(everything, now);
    EXPECT_THAT(changes.unmap, ElementsAre(IovaRange{0x1000, 0x2fff}));
    EXPECT_EQ(changes.map, now);
}

// The guest lets go of one page of a large one: what is left of it comes back.
TEST(MappedAreas, KeepsTheRestOfAnAreaThatIsCut) {
    MappedAreas areas;
    areas.update(everything, {extent(0x20'0000, 0x20'0000, 0x40'0000)});

    const auto changes = areas.update({0x20'1000, 0x20'1fff}, {});

    EXPECT_THAT(changes.unmap, ElementsAre(IovaRange{0x20'0000, 0x3f'ffff}));
    EXPECT_THAT(changes.map, ElementsAre(extent(0x20'0000, 0x1000, 0x40'0000),
                                         extent(0x20'2000, 0x1f'e000, 0x40'2000)));
}

// A large page is split into small ones that lead to the same places: the device notices nothing.
TEST(MappedAreas, LeavesAlonePagesThatWereSplitOrJoined) {
    const Extents large{extent(0x20'0000, 0x20'0000, 0x40'0000)};
    Extents small;
    for (std::uint64_t n = 0; n < 512; ++n)
        small.push_back(extent(0x20'0000 + n * 0x1000, 0x1000, 0x40'0000 + n * 0x1000));
    MappedAreas first;
    first.update(everything, large);
    EXPECT_EQ(first.update(everything, small), AreaChanges{});
    MappedAreas second;
    second.update(everything, small);
    EXPECT_EQ(second.update(everything, large), AreaChanges{});
}

TEST(MappedAreas, MapsWhatIsNewBesideWhatIsKept) {
    MappedAreas areas;
    areas.update(everything, {extent(0x3000, 0x1000, 0x13000)});
    const auto changes = areas.update(everything, {extent(0x2000, 0x4000, 0x12000)});
    EXPECT_THAT(changes.unmap, IsEmpty());
    EXPECT_THAT(changes.map,
                ElementsAre(extent(0x2000, 0x1000, 0x12000), extent(0x4000, 0x2000, 0x14000)));
}

TEST(MappedAreas, JoinsWhatOneInvalidationBringsIfToldTo) {
    MappedAreas areas{AreaSize::Invalidation};
    const Extents found{extent(0x1000, 0x1000, 0x5000), extent(0x2000, 0x1000, 0x6000),
                        extent(0x3000, 0x1000, 0x9000)};
    EXPECT_THAT(areas.update(everything, found).map,
                ElementsAre(extent(0x1000, 0x2000, 0x5000), extent(0x3000, 0x1000, 0x9000)));
    EXPECT_EQ(areas.count(), 2u);
}

TEST(MappedAreas, JoinsPagesThatAreNamedTogether) {
    MappedAreas areas;
    auto found = pages(0x1000, 3, 0x5000);
    found.push_back(extent(0x4000, 0x1000, 0x8000, {.read = true}));  // Other permissions.
    found.push_back(extent(0x5000, 0x1000, 0xf000));                  // Elsewhere in memory.
    found.push_back(extent(0x7000, 0x1000, 0x1'1000));                // Elsewhere for the device.

    EXPECT_THAT(
        areas.update(named, found).map,
        ElementsAre(extent(0x1000, 0x3000, 0x5000), extent(0x4000, 0x1000, 0x8000, {.read = true}),
                    extent(0x5000, 0x1000, 0xf000), extent(0x7000, 0x1000, 0x1'1000)));
    EXPECT_THAT(areas.update(named, {}).unmap,
                ElementsAre(IovaRange{0x1000, 0x5fff}, IovaRange{0x7000, 0x7fff}));
}

TEST(MappedAreas, JoinsNoMoreThanTwoMebibytes) {
    MappedAreas areas;
    EXPECT_THAT(
        areas.update(named, pages(0x1000, 513, 0x10'1000)).map,
        ElementsAre(extent(0x1000, 0x20'0000, 0x10'1000), extent(0x20'1000, 0x1000, 0x30'1000)));
}

TEST(MappedAreas, JoinsNoLargePages) {
    MappedAreas areas;
    auto found = pages(0x1f'f000, 1, 0x1f'f000);
    found.push_back(extent(0x20'0000, 0x20'0000, 0x20'0000));
    found.push_back(extent(0x40'0000, 0x20'0000, 0x40'0000));
    found.push_back(extent(0x60'0000, 0x1000, 0x60'0000));
    EXPECT_EQ(areas.update(named, found).map, found);
}

TEST(MappedAreas, JoinsNothingThatIsNotNamedPageByPage) {
    MappedAreas areas;
    const auto found = pages(0x1000, 4, 0x5000);
    EXPECT_EQ(areas.update(everywhere, found).map, found);
}

// A guest that lets go of parts is not to have the rest taken away a second time.
TEST(MappedAreas, JoinsNoMoreOnceAPartIsLetGoOf) {
    MappedAreas areas;
    areas.update(named, pages(0x1000, 4, 0x5000));

    const auto changes = areas.update({0x2000, 0x2fff}, {});

    EXPECT_THAT(changes.unmap, ElementsAre(IovaRange{0x1000, 0x4fff}));
    EXPECT_THAT(changes.map,
                ElementsAre(extent(0x1000, 0x1000, 0x5000), extent(0x3000, 0x2000, 0x7000)));
    const auto more = pages(0x8000, 2, 0x9000);
    EXPECT_EQ(areas.update({0x8000, 0x9fff}, more).map, more);
}

TEST(MappedAreas, SeesAPartThatGoesInsideWhatIsNamed) {
    MappedAreas areas;
    areas.update(named, pages(0x1000, 4, 0x5000));

    const auto rest = pages(0x1000, 3, 0x5000);
    EXPECT_EQ(areas.update(named, rest).map, rest);
}

TEST(MappedAreas, GoOnBeingJoinedWhenTheyGoAsTheyCame) {
    MappedAreas areas;
    areas.update(named, pages(0x1000, 4, 0x5000));
    areas.update({0x1000, 0x4fff}, {});

    EXPECT_EQ(areas.update(named, pages(0x1000, 4, 0x9000)).map.size(), 1u);
}

TEST(MappedAreas, MayHaveTheWholeAddressSpace) {
    MappedAreas areas;
    areas.update(everything, {extent(0, 1ull << 57, 0)});
    EXPECT_THAT(areas.update({0, ~0ull}, {}).unmap, ElementsAre(IovaRange{0, (1ull << 57) - 1}));
}

// Against a page by page picture: 64 pages, whose places and permissions are of few kinds.
struct Page {
    std::uint64_t address = 0;
    Permissions allowed;
    bool operator==(const Page&) const = default;
};
using Picture = std::array<std::optional<Page>, 64>;

void draw(Picture& picture, const Extent& extent) {
    for (std::uint64_t at = 0; at < extent.size; at += 0x1000)
        picture.at((extent.iova.value() + at) / 0x1000) =
            Page{extent.address.value() + at, extent.allowed};
}

/// What tables of pages and of pages of eight say.
Extents any_tables() {
    Extents found;
    for (std::uint64_t group = 0; group < 8; ++group) {
        const auto kind = *rc::gen::inRange(0, 4);
        if (kind == 0) continue;
        const std::uint64_t to = *rc::gen::inRange(0, 2) == 0 ? 0 : 0x10'0000;
        if (kind == 1) {
            found.push_back(extent(group * 0x8000, 0x8000, to + group * 0x8000));
            continue;
        }
        for (std::uint64_t n = group * 8ull; n < group * 8ull + 8; ++n)
            if (*rc::gen::inRange(0, 4) != 0)
                found.push_back(extent(n * 0x1000, 0x1000, to + n * 0x1000,
                                       {.read = true, .write = *rc::gen::inRange(0, 8) != 0}));
    }
    return found;
}

void follows_any_tables(AreaSize size) {
    MappedAreas areas{size};
    Picture host;
    for (int step = 0; step < 6; ++step) {
        const auto tables = any_tables();
        const auto first = *rc::gen::inRange<std::uint64_t>(0, 64);
        const auto last = *rc::gen::inRange<std::uint64_t>(first, 64);
        const IovaRange range{first * 0x1000, last * 0x1000 + 0xfff};
        Extents found;
        for (const auto& one : tables)
            if (one.range().overlaps(range)) found.push_back(one.clipped(range));
        auto expected = host;
        for (auto n = first; n <= last; ++n)
            expected.at(n) = std::nullopt;
        for (const auto& one : found)
            draw(expected, one);

        std::map<std::uint64_t, std::uint64_t> ends;
        for (const auto& one : areas.areas())
            ends[one.iova.value()] = one.range().last;
        const auto before = host;
        const auto changes = areas.update(range, found);
        for (const auto& one : changes.unmap) {
            // Whole areas alone, without a gap.
            auto at = one.first;
            while (at <= one.last) {
                RC_ASSERT(ends.contains(at));
                for (auto n = at / 0x1000; n <= ends[at] / 0x1000; ++n)
                    host.at(n) = std::nullopt;
                at = ends[at] + 1;
            }
            RC_ASSERT(at == one.last + 1);
        }
        for (const auto& one : changes.map) {
            // Nothing is there.
            for (auto n = one.range().first / 0x1000; n <= one.range().last / 0x1000; ++n)
                RC_ASSERT(!host.at(n).has_value());
            draw(host, one);
        }
        RC_ASSERT(host == expected);
        if (before == expected) RC_ASSERT(changes == AreaChanges{});
        Picture remembered;
        for (const auto& one : areas.areas())
            draw(remembered, one);
        RC_ASSERT(remembered == host);
    }
}

RC_GTEST_PROP(MappedAreasProperty, FollowsAnyTablesEntryByEntry, ()) {
    follows_any_tables(AreaSize::Entry);
}

RC_GTEST_PROP(MappedAreasProperty, FollowsAnyTablesPagesJoined, ()) {
    follows_any_tables(AreaSize::Pages);
}

RC_GTEST_PROP(MappedAreasProperty, FollowsAnyTablesInvalidationByInvalidation, ()) {
    follows_any_tables(AreaSize::Invalidation);
}

}  // namespace
}  // namespace tenon::model::iommu
