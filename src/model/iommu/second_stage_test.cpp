#include "model/iommu/second_stage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/guest_tables.hpp"

namespace tenon::model::iommu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Permissions both{.read = true, .write = true};
constexpr Permissions read_only{.read = true};
constexpr Permissions write_only{.write = true};
constexpr IovaRange everything{0, ~0ull};

Extent extent(std::uint64_t iova, std::uint64_t size, std::uint64_t address,
              Permissions allowed = both) {
    return {Iova{iova}, size, GuestAddress{address}, allowed};
}

class SecondStage : public testing::Test {
protected:
    Walked walk_all(IovaRange range = everything) const {
        return walk(tables, {GuestAddress{root}, levels}, rules, regions, range, limits);
    }

    support::GuestTables tables;
    std::uint64_t root = tables.page();
    unsigned levels = 4;
    TableRules rules{.memory_bits = 40, .address_bits = 48};
    // 1 TiB of memory, without the hole that interrupts are in.
    DmaRegions regions{{{GuestAddress{0}, 0xfee0'0000, both},
                        {GuestAddress{0xfef0'0000}, (1ull << 40) - 0xfef0'0000, both}}};
    WalkLimits limits;
};

TEST_F(SecondStage, OfAnEmptyTableTranslatesNothing) {
    const auto walked = walk_all();
    EXPECT_THAT(walked.extents, IsEmpty());
    EXPECT_FALSE(walked.trouble);
    EXPECT_TRUE(walked.complete);
    EXPECT_EQ(walked.tables, 1u);
}

TEST_F(SecondStage, FindsPagesOfEverySizeByAddress) {
    tables.map(root, 4, 0x40'0000'0000, 0x1'4000'0000, 3, 3);
    tables.map(root, 4, 0x1000, 0x7000);
    tables.map(root, 4, 0x20'0000, 0x4060'0000, 3, 2);

    EXPECT_THAT(
        walk_all().extents,
        ElementsAre(extent(0x1000, 0x1000, 0x7000), extent(0x20'0000, 0x20'0000, 0x4060'0000),
                    extent(0x40'0000'0000, 0x4000'0000, 0x1'4000'0000)));
}

TEST_F(SecondStage, KeepsEachLeafApart) {
    tables.map(root, 4, 0x1000, 0x7000);
    tables.map(root, 4, 0x2000, 0x8000);
    const auto found = walk_all().extents;
    EXPECT_THAT(found, ElementsAre(extent(0x1000, 0x1000, 0x7000), extent(0x2000, 0x1000, 0x8000)));
    EXPECT_THAT(coalesced(found), ElementsAre(extent(0x1000, 0x2000, 0x7000)));
}

TEST_F(SecondStage, OfThreeLevelsEndsAt39Bits) {
    levels = 3;
    tables.map(root, 3, 0x7f'ffff'f000, 0x7000);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0x7f'ffff'f000, 0x1000, 0x7000)));
    EXPECT_THAT(walk_all({0x80'0000'0000, ~0ull}).extents, IsEmpty());
}

TEST_F(SecondStage, EndsAtTheUnitsWidth) {
    rules.address_bits = 47;
    tables.map(root, 4, 0x7fff'ffff'f000, 0x7000);
    tables.map(root, 4, 0x8000'0000'0000, 0x8000);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0x7fff'ffff'f000, 0x1000, 0x7000)));
}

TEST_F(SecondStage, ReadsWhatARangeNeedsAlone) {
    tables.map(root, 4, 0x1000, 0x7000);
    tables.map(root, 4, 0x8000'0000, 0x8000);
    tables.reads = 0;
    const auto walked = walk_all({0x1000, 0x1fff});
    EXPECT_THAT(walked.extents, ElementsAre(extent(0x1000, 0x1000, 0x7000)));
    EXPECT_EQ(tables.reads, 4u);
    EXPECT_EQ(walked.tables, 4u);
}

TEST_F(SecondStage, CutsALargePageToTheRange) {
    tables.map(root, 4, 0x20'0000, 0x4060'0000, 3, 2);
    EXPECT_THAT(walk_all({0x20'3000, 0x20'4fff}).extents,
                ElementsAre(extent(0x20'3000, 0x2000, 0x4060'3000)));
}

TEST_F(SecondStage, AllowsWhatEveryLevelAllows) {
    tables.map(root, 4, 0x1000, 0x7000, 1);
    tables.map(root, 4, 0x2000, 0x8000, 2);
    tables.map(root, 4, 0x20'1000, 0x9000, 3);
    tables.map(root, 4, 0x40'1000, 0xa000, 2);
    const auto directory = tables.table(root, 4, 2, 0);
    tables.put(directory + 8, (tables.get(directory + 8) & ~3ull) | 1);
    tables.put(directory + 16, (tables.get(directory + 16) & ~3ull) | 1);

    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0x1000, 0x1000, 0x7000, read_only),
                                                extent(0x2000, 0x1000, 0x8000, write_only),
                                                extent(0x20'1000, 0x1000, 0x9000, read_only)));
}

TEST_F(SecondStage, IgnoresBitsThatMeanNothingHere) {
    // X, memory type, A, D and what is free for software.
    tables.map(root, 4, 0x1000, 0x7000, 3 | 0x4 | 0x78 | 0x300 | 0x400 | 0xbff0'0000'0000'0000);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0x1000, 0x1000, 0x7000)));
}

TEST_F(SecondStage, TakesNoEntryWithAReservedBit) {
    struct Case {
        unsigned level;
        std::uint64_t bit;
    };
    const auto address_above_memory = 1ull << 40;
    for (const auto& [level, bit] :
         {Case{1, address_above_memory}, Case{1, 1ull << 51}, Case{1, 1ull << 11},
          Case{1, 1ull << 62}, Case{2, 1ull << 12}, Case{2, 1ull << 20}, Case{2, 1ull << 11},
          Case{3, 1ull << 12}, Case{3, 1ull << 29}, Case{3, address_above_memory}}) {
        tables.map(root, 4, 0, bit, 3, level);
        const auto walked = walk_all();
        EXPECT_THAT(walked.extents, IsEmpty()) << level << " " << std::hex << bit;
        EXPECT_EQ(walked.trouble, FaultReason::TableReserved) << level << " " << std::hex << bit;
        tables.put(tables.entry(root, 4, level, 0), 0);
    }
}

TEST_F(SecondStage, TakesNoTableEntryWithAReservedBit) {
    tables.map(root, 4, 0x1000, 0x7000);
    for (const auto bit : {1ull << 40, 1ull << 11, 1ull << 62, 1ull << 7}) {
        const auto before = tables.get(root);
        tables.put(root, before | bit);
        EXPECT_EQ(walk_all().trouble, FaultReason::TableReserved) << std::hex << bit;
        tables.put(root, before);
    }
    EXPECT_FALSE(walk_all().trouble);
}

TEST_F(SecondStage, TakesTheBitsThatTheUnitHas) {
    rules.snoop_bit = true;
    rules.transient_bit = true;
    tables.map(root, 4, 0x1000, 0x7000, 3 | 1ull << 11 | 1ull << 62);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0x1000, 0x1000, 0x7000)));
}

TEST_F(SecondStage, NamesTroubleInTheWordsOfItsMode) {
    rules.scalable = true;
    tables.map(root, 4, 0x1000, 1ull << 40);
    EXPECT_EQ(walk_all().trouble, FaultReason::ScalableTableReserved);
    tables.put(root, 0xdead'0000 | 3);
    EXPECT_EQ(walk_all().trouble, FaultReason::ScalableTableUnreadable);
}

TEST_F(SecondStage, GoesOnBesideATableThatIsNoMemory) {
    tables.map(root, 4, 0x1000, 0x7000);
    tables.put(root + 8, 0xdead'0000 | 3);
    const auto walked = walk_all();
    EXPECT_EQ(walked.trouble, FaultReason::TableUnreadable);
    EXPECT_THAT(walked.extents, ElementsAre(extent(0x1000, 0x1000, 0x7000)));
}

TEST_F(SecondStage, WithARootThatIsNoMemoryTranslatesNothing) {
    root = 0xdead'0000;
    const auto walked = walk_all();
    EXPECT_THAT(walked.extents, IsEmpty());
    EXPECT_EQ(walked.trouble, FaultReason::TableUnreadable);
}

TEST_F(SecondStage, OfATableThatNamesItselfEndsWithItsLevels) {
    tables.put(root, root | 3);
    // Four times the same entry: the last one is a page, the table itself.
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0, 0x1000, root)));
}

TEST_F(SecondStage, OfTablesThatAllNameEachOtherEndsAtItsLimit) {
    for (std::uint64_t n = 0; n < 512; ++n)
        tables.put(root + n * 8ull, root | 3);
    limits = {.tables = 1000, .extents = 1'000'000};
    const auto walked = walk_all();
    EXPECT_FALSE(walked.complete);
    EXPECT_EQ(walked.tables, 1001u);

    limits = {.tables = 1'000'000, .extents = 1000};
    const auto limited = walk_all();
    EXPECT_FALSE(limited.complete);
    EXPECT_EQ(limited.extents.size(), 1001u);
}

TEST_F(SecondStage, LeavesOutWhatDmaDoesNotReach) {
    regions = DmaRegions{
        {{GuestAddress{0x1'0000}, 0x1'0000, read_only}, {GuestAddress{0x4000}, 0x2000, both}}};
    tables.map(root, 4, 0, 0, 3, 2);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0x4000, 0x2000, 0x4000),
                                                extent(0x1'0000, 0x1'0000, 0x1'0000, read_only)));
}

TEST_F(SecondStage, LeavesWritesOutWhereMemoryIsReadOnly) {
    regions = DmaRegions{{{GuestAddress{0x1'0000}, 0x1'0000, read_only}}};
    tables.map(root, 4, 0x1000, 0x1'0000, 2);
    EXPECT_THAT(walk_all().extents, IsEmpty());
}

TEST_F(SecondStage, NeverTranslatesAddressesOfInterrupts) {
    tables.map(root, 4, 0xfee0'0000, 0x7000);
    tables.map(root, 4, 0xfeef'f000, 0x8000);
    tables.map(root, 4, 0xfedf'f000, 0x9000);
    tables.map(root, 4, 0xfef0'0000, 0xa000);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0xfedf'f000, 0x1000, 0x9000),
                                                extent(0xfef0'0000, 0x1000, 0xa000)));
}

TEST_F(SecondStage, CutsThemOutOfALargePage) {
    // 1 GiB from 0xc0000000.
    tables.map(root, 4, 0xc000'0000, 0x1'0000'0000, 3, 3);
    EXPECT_THAT(walk_all().extents, ElementsAre(extent(0xc000'0000, 0x3ee0'0000, 0x1'0000'0000),
                                                extent(0xfef0'0000, 0x110'0000, 0x1'3ef0'0000)));
}

TEST_F(SecondStage, SaysThatAPageLeadsToInterrupts) {
    tables.map(root, 4, 0x1000, 0xfee0'0000);
    const auto walked = walk_all();
    EXPECT_THAT(walked.extents, IsEmpty());
    EXPECT_EQ(walked.trouble, FaultReason::LeadsToInterrupts);
    rules.scalable = true;
    EXPECT_EQ(walk_all().trouble, FaultReason::ScalableLeadsToInterrupts);
}

TEST(TableRules, FollowTheUnit) {
    const auto plain = design_unit({.aperture_bits = 47}, {.memory_bits = 40})->shape;
    EXPECT_EQ(table_rules(plain, false), (TableRules{.memory_bits = 40, .address_bits = 47}));
    const auto able = design_unit({.snoop_control = true}, {.ats = true, .memory_bits = 40})->shape;
    EXPECT_EQ(table_rules(able, false),
              (TableRules{.memory_bits = 40, .snoop_bit = true, .transient_bit = true}));
    EXPECT_TRUE(table_rules(plain, true).snoop_bit);
}

}  // namespace
}  // namespace tenon::model::iommu
