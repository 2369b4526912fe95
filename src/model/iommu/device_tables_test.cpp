#include "model/iommu/device_tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/support/guest_tables.hpp"

namespace tenon::model::iommu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using enum FaultReason;

UnitShape legacy_shape(bool ats = false) {
    return design_unit({}, {.ats = ats, .memory_bits = 40}).value().shape;
}

UnitShape scalable_shape(unsigned pasids, bool ats = false) {
    return design_unit(
               {.pasid_width = 20},
               {.mode = TableMode::Scalable, .pasid_width = pasids, .ats = ats, .memory_bits = 40})
        .value()
        .shape;
}

// Of a host whose units nest (NEST, SMTS, FSTS) and have all that first-stage tables can be.
UnitShape nested_shape(std::uint64_t capability = 1ull << 60,
                       std::uint64_t more = 1ull << 31 | 1ull << 34) {
    return design_unit({.pasid_width = 20,
                        .capability = capability,
                        .extended_capability = more | 1ull << 26 | 1ull << 43 | 1ull << 47},
                       {.mode = TableMode::Nested, .pasid_width = 20, .memory_bits = 40})
        .value()
        .shape;
}

PageTable table(std::uint64_t root, unsigned levels) { return {GuestAddress{root}, levels}; }

TEST(RootPointer, IsBaseAndMode) {
    EXPECT_EQ(RootPointer::of(0x1234'5000), (RootPointer{GuestAddress{0x1234'5000}}));
    EXPECT_EQ(RootPointer::of(0x1234'5400),
              (RootPointer{GuestAddress{0x1234'5000}, TranslationMode::Scalable}));
    EXPECT_EQ(RootPointer::of(0x800).mode, TranslationMode::Reserved);
    EXPECT_EQ(RootPointer::of(0xc00).mode, TranslationMode::Abort);
}

// Root entry 2 leads to contexts; the context of 02:03.1 is entry 0x19.
class LegacyTables : public testing::Test {
protected:
    LegacyTables() {
        tables.put(root + 2 * 16ull, contexts | 1);
        put_context(0x7000 | 1, 2 | 0x35 << 8);
    }

    void put_context(std::uint64_t low, std::uint64_t high) {
        tables.put(contexts + 0x19 * 16ull, low);
        tables.put(contexts + 0x19 * 16ull + 8, high);
    }
    Binding read() const {
        const auto device = read_device(tables, shape, {GuestAddress{root}}, 0x0219);
        EXPECT_FALSE(device.pasids);
        return device.requests;
    }

    support::GuestTables tables;
    std::uint64_t root = tables.page();
    std::uint64_t contexts = tables.page();
    UnitShape shape = legacy_shape();
};

TEST_F(LegacyTables, LeadToAPageTable) {
    EXPECT_EQ(read(), (Binding{.to = table(0x7000, 4), .domain = 0x35}));
    put_context(0x8000 | 1, 1 | 0xffff << 8);
    EXPECT_EQ(read(), (Binding{.to = table(0x8000, 3), .domain = 0xffff}));
}

TEST_F(LegacyTables, LetRequestsPass) {
    put_context(2 << 2 | 1, 2 | 2 << 8);
    EXPECT_EQ(read(), (Binding{.to = Identity{}, .domain = 2}));
}

TEST_F(LegacyTables, TakeADeviceTlbIfTheUnitHasThem) {
    put_context(0x7000 | 1 << 2 | 1, 2);
    EXPECT_EQ(read().trouble, ContextInvalid);
    shape = legacy_shape(true);
    EXPECT_EQ(read().to, Route{table(0x7000, 4)});
}

TEST_F(LegacyTables, IgnoreWhatSoftwareHasForItself) {
    put_context(0x7000 | 1, 2 | 0x78 | 0x35 << 8);
    EXPECT_EQ(read().to, Route{table(0x7000, 4)});
}

TEST_F(LegacyTables, SayWhatIsAbsentOrNoMemory) {
    tables.put(contexts + 0x19 * 16ull, 0);
    EXPECT_EQ(read().trouble, ContextNotPresent);
    tables.drop(contexts);
    EXPECT_EQ(read().trouble, ContextUnreadable);
    tables.put(root + 2 * 16ull, 0);
    EXPECT_EQ(read().trouble, RootNotPresent);
    tables.drop(root);
    EXPECT_EQ(read().trouble, RootUnreadable);
}

TEST_F(LegacyTables, TakeNoRootEntryWithAReservedBit) {
    for (unsigned bit = 1; bit < 128; ++bit) {
        if (bit >= 12 && bit < 40) continue;  // The address.
        const auto at = root + 2 * 16ull + bit / 64 * 8ull;
        const auto before = tables.get(at);
        tables.put(at, before | 1ull << (bit % 64));
        EXPECT_EQ(read().trouble, RootReserved) << bit;
        tables.put(at, before);
    }
}

TEST_F(LegacyTables, TakeNoContextEntryWithAReservedBit) {
    for (unsigned bit = 4; bit < 128; ++bit) {
        const bool address = bit >= 12 && bit < 40;
        const bool width_or_free = bit >= 64 && bit < 71;
        const bool domain = bit >= 72 && bit < 88;
        if (address || width_or_free || domain) continue;
        const auto at = contexts + 0x19 * 16ull + bit / 64 * 8ull;
        const auto before = tables.get(at);
        tables.put(at, before | 1ull << (bit % 64));
        EXPECT_EQ(read().trouble, ContextReserved) << bit;
        EXPECT_EQ(read().to, Route{Blocked{}}) << bit;
        tables.put(at, before);
    }
}

TEST_F(LegacyTables, TakeNoTypeOrWidthThatTheUnitLacks) {
    put_context(0x7000 | 3 << 2 | 1, 2);
    EXPECT_EQ(read().trouble, ContextInvalid);
    for (const auto width : std::initializer_list<std::uint64_t>{0, 3, 4, 7}) {
        put_context(0x7000 | 1, width);
        EXPECT_EQ(read().trouble, ContextInvalid) << width;
        put_context(2 << 2 | 1, width);
        EXPECT_EQ(read().trouble, ContextInvalid) << width;
    }
}

TEST_F(LegacyTables, AreSilentAboutFaultsIfSoftwareWantsThat) {
    put_context(0x7000 | 3 << 2 | 2 | 1, 2);
    EXPECT_TRUE(read().silent);
    put_context(2, 0);
    EXPECT_EQ(read(), (Binding{.trouble = ContextNotPresent, .silent = true}));
}

TEST_F(LegacyTables, OfAModeThatTheUnitLacksBlockEverything) {
    const auto reason = [&](TranslationMode mode) {
        return read_device(tables, shape, {GuestAddress{root}, mode}, 0x0219).requests.trouble;
    };
    EXPECT_EQ(reason(TranslationMode::Reserved), RootTableInvalid);
    EXPECT_EQ(reason(TranslationMode::Scalable), RootTableInvalid);
    const auto beyond = read_device(tables, shape, {GuestAddress{1ull << 40}}, 0x0219);
    EXPECT_EQ(beyond.requests.trouble, RootTableInvalid);
}

TEST_F(LegacyTables, InAbortModeBlockEverythingWithoutAFault) {
    const auto device =
        read_device(tables, shape, {GuestAddress{root}, TranslationMode::Abort}, 0x0219);
    EXPECT_EQ(device.requests, Binding{});
    EXPECT_EQ(device.requests.to, Route{Blocked{}});
}

// 02:13.1: function 0x99, in the upper half. A directory of 128 entries; requests without a PASID
// use number 5.
class ScalableTables : public testing::Test {
protected:
    ScalableTables() {
        tables.put(root + 2 * 16ull + 8, contexts | 1);
        tables.put(context, directory | 1 << 3 | 1);
        tables.put(context + 8, 5);
        tables.put(directory, pasids | 1);
        put_entry(5, 0x7000 | 2 << 6 | 2 << 2 | 1, 0x35);
    }

    void put_entry(std::uint64_t pasid, std::uint64_t first, std::uint64_t second) {
        tables.put(pasids + pasid * 64ull, first);
        tables.put(pasids + pasid * 64ull + 8, second);
    }
    DeviceTables read() const {
        return read_device(tables, shape, {GuestAddress{root}, TranslationMode::Scalable}, 0x0299);
    }
    std::optional<FaultReason> trouble() const { return read().requests.trouble; }
    Binding read_of(std::uint32_t pasid) const {
        return read_pasid(tables, shape, read().pasids.value(), pasid);
    }

    support::GuestTables tables;
    std::uint64_t root = tables.page();
    std::uint64_t contexts = tables.page();
    std::uint64_t context = contexts + 0x19 * 32ull;
    std::uint64_t directory = tables.page();
    std::uint64_t pasids = tables.page();
    UnitShape shape = scalable_shape(20);
};

TEST_F(ScalableTables, LeadToAPageTable) {
    EXPECT_EQ(read(), (DeviceTables{.requests = {.to = table(0x7000, 4), .domain = 0x35},
                                    .pasids = PasidDirectory{GuestAddress{directory}, 7},
                                    .own_pasid = 5}));
}

TEST_F(ScalableTables, HaveALowerAndAnUpperHalf) {
    const auto lower = tables.page();
    tables.put(root + 2 * 16ull, lower | 1);
    tables.put(lower + 0x19 * 32ull, directory | 1);
    put_entry(0, 0x8000 | 2 << 6 | 1 << 2 | 1, 7);
    const auto device =
        read_device(tables, shape, {GuestAddress{root}, TranslationMode::Scalable}, 0x0219);
    EXPECT_EQ(device.requests, (Binding{.to = table(0x8000, 3), .domain = 7}));
    EXPECT_FALSE(device.pasids);
}

TEST_F(ScalableTables, LetRequestsPass) {
    put_entry(5, 4 << 6 | 1, 2);
    EXPECT_EQ(read().requests, (Binding{.to = Identity{}, .domain = 2}));
}

TEST_F(ScalableTables, LeadEachPasidSomewhere) {
    put_entry(6, 0x9000 | 2 << 6 | 1 << 2 | 1, 9);
    put_entry(63, 4 << 6 | 1, 2);
    EXPECT_EQ(read_of(6), (Binding{.to = table(0x9000, 3), .domain = 9}));
    EXPECT_EQ(read_of(63).to, Route{Identity{}});
    EXPECT_EQ(read_of(7).trouble, PasidNotPresent);
    EXPECT_EQ(read_of(64).trouble, DirectoryNotPresent);
    EXPECT_EQ(read_of(1 << 13).trouble, DirectoryNotPresent);
}

TEST_F(ScalableTables, SayWhatIsAbsentOrNoMemory) {
    put_entry(5, 0, 0);
    EXPECT_EQ(trouble(), PasidNotPresent);
    tables.drop(pasids);
    EXPECT_EQ(trouble(), PasidUnreadable);
    tables.put(directory, 0);
    EXPECT_EQ(trouble(), DirectoryNotPresent);
    tables.drop(directory);
    EXPECT_EQ(trouble(), DirectoryUnreadable);
    tables.put(context, 0);
    EXPECT_EQ(trouble(), ScalableContextNotPresent);
    tables.drop(contexts);
    EXPECT_EQ(trouble(), ScalableContextUnreadable);
    tables.put(root + 2 * 16ull + 8, 0);
    EXPECT_EQ(trouble(), ScalableRootNotPresent);
    tables.drop(root);
    EXPECT_EQ(trouble(), ScalableRootUnreadable);
}

TEST_F(ScalableTables, OfAnOwnNumberPastTheDirectoryBlock) {
    tables.put(context + 8, 1 << 13);
    EXPECT_EQ(trouble(), RidPasidInvalid);
    tables.put(context, directory | 1 << 9 | 1 << 3 | 1);
    EXPECT_NE(trouble(), RidPasidInvalid);
    EXPECT_EQ(read().pasids->bits, 8u);
}

TEST_F(ScalableTables, TakeNoRootEntryWithAReservedBit) {
    const auto at = root + 2 * 16ull + 8;
    for (unsigned bit = 1; bit < 64; ++bit) {
        if (bit >= 12 && bit < 40) continue;
        const auto before = tables.get(at);
        tables.put(at, before | 1ull << bit);
        EXPECT_EQ(trouble(), ScalableRootReserved) << bit;
        tables.put(at, before);
    }
}

// Without a device TLB and page requests their bits are reserved.
TEST_F(ScalableTables, TakeNoContextEntryWithAReservedBit) {
    for (unsigned bit = 2; bit < 256; ++bit) {
        const bool used = bit == 3 || (bit >= 9 && bit < 40) || (bit >= 64 && bit < 84);
        if (used) continue;
        const auto at = context + bit / 64 * 8ull;
        const auto before = tables.get(at);
        tables.put(at, before | 1ull << (bit % 64));
        EXPECT_EQ(trouble(), ScalableContextReserved) << bit;
        EXPECT_FALSE(read().pasids) << bit;
        tables.put(at, before);
    }
}

TEST_F(ScalableTables, TakeTheBitsThatTheUnitHas) {
    tables.put(context, directory | 1 << 3 | 1 << 2 | 1);
    EXPECT_EQ(trouble(), ScalableContextReserved);
    shape = scalable_shape(20, true);
    EXPECT_FALSE(trouble());
    shape = scalable_shape(0, true);
    EXPECT_EQ(trouble(), ScalableContextReserved);
}

TEST_F(ScalableTables, TakeNoDirectoryEntryWithAReservedBit) {
    for (unsigned bit = 2; bit < 64; ++bit) {
        if (bit >= 12 && bit < 40) continue;
        tables.put(directory, pasids | 1 | 1ull << bit);
        EXPECT_EQ(trouble(), DirectoryReserved) << bit;
    }
}

// What is of first-stage tables and memory types is ignored: SRE, ERE, EMT, PAT…
TEST_F(ScalableTables, TakeNoPasidEntryWithAReservedBit) {
    for (unsigned bit = 5; bit < 512; ++bit) {
        const bool type = bit >= 6 && bit < 9;
        const bool address = bit >= 12 && bit < 40;
        const bool second = (bit >= 64 && bit < 80) || (bit >= 87 && bit < 128);
        const bool first_stage = (bit >= 128 && bit < 136) || (bit >= 140 && bit < 192);
        if (type || address || second || first_stage) continue;
        const auto at = pasids + 5 * 64ull + bit / 64 * 8ull;
        const auto before = tables.get(at);
        tables.put(at, before | 1ull << (bit % 64));
        EXPECT_EQ(trouble(), PasidReserved) << bit;
        tables.put(at, before);
    }
    tables.put(pasids + 5 * 64ull + 8, 0xffff'ffff'ff80'0035);
    tables.put(pasids + 5 * 64ull + 16, 0xffff'ffff'ffff'f0ff);
    EXPECT_FALSE(trouble());
}

TEST_F(ScalableTables, TakeNoTypeOrWidthThatTheUnitLacks) {
    for (const auto type : std::initializer_list<std::uint64_t>{0, 1, 3, 5, 6, 7}) {
        put_entry(5, 0x7000 | type << 6 | 2 << 2 | 1, 0);
        EXPECT_EQ(trouble(), PasidInvalid) << type;
    }
    for (const auto width : std::initializer_list<std::uint64_t>{0, 3, 7}) {
        put_entry(5, 0x7000 | 2 << 6 | width << 2 | 1, 0);
        EXPECT_EQ(trouble(), PasidInvalid) << width;
    }
}

TEST_F(ScalableTables, LeadToTablesThatTheHostWalks) {
    shape = nested_shape();
    put_entry(5, 1 << 6 | 1, 0x35);
    tables.put(pasids + 5 * 64ull + 16, 0x12'3456'7000);
    EXPECT_EQ(read().requests,
              (Binding{.to = FirstStage{.root = GuestAddress{0x12'3456'7000}}, .domain = 0x35}));
    // SRE, five levels, WPE, EAFE.
    tables.put(pasids + 5 * 64ull + 16, 0x12'3456'7000 | 1 | 1 << 2 | 1 << 4 | 1 << 7);
    EXPECT_EQ(read().requests.to, (Route{FirstStage{.root = GuestAddress{0x12'3456'7000},
                                                    .levels = 5,
                                                    .supervisor = true,
                                                    .write_protection = true,
                                                    .extended_accessed_flag = true}}));
}

TEST_F(ScalableTables, LeadToNoTablesThatTheHostDoesNotWalk) {
    const auto of = [this](std::uint64_t third) {
        put_entry(5, 1 << 6 | 1, 0x35);
        tables.put(pasids + 5 * 64ull + 16, third);
        return trouble();
    };
    EXPECT_EQ(of(0x7000), PasidInvalid);
    shape = nested_shape(0, 0);
    EXPECT_EQ(of(0x7000), std::nullopt);
    EXPECT_EQ(of(0x7000 | 1), PasidInvalid);
    EXPECT_EQ(of(0x7000 | 1 << 2), PasidInvalid);
    EXPECT_EQ(of(0x7000 | 2 << 2), PasidInvalid);
    EXPECT_EQ(of(0x7000 | 1 << 7), PasidInvalid);
    EXPECT_EQ(of(0x7000 | 1ull << 40), PasidReserved);
    // Neither second-stage tables, nor a stage in a stage.
    put_entry(5, 0x7000 | 2 << 6 | 2 << 2 | 1, 0);
    EXPECT_EQ(trouble(), PasidInvalid);
    put_entry(5, 0x7000 | 3 << 6 | 2 << 2 | 1, 0);
    EXPECT_EQ(trouble(), PasidInvalid);
}

TEST_F(ScalableTables, AreSilentIfOneOfThemIs) {
    EXPECT_FALSE(read().requests.silent);
    put_entry(5, 0x7000 | 2 << 6 | 2 << 2 | 2 | 1, 0);
    EXPECT_TRUE(read().requests.silent);
    put_entry(5, 0x7000 | 2 << 6 | 2 << 2 | 1, 0);
    tables.put(context, directory | 1 << 3 | 2 | 1);
    EXPECT_TRUE(read().requests.silent);
}

TEST_F(ScalableTables, ListPasidsThatArePresent) {
    const auto second = tables.page();
    tables.put(directory + 127 * 8ull, second | 1);
    tables.put(second + 63 * 64ull, 1);
    put_entry(0, 1, 0);
    put_entry(63, 1, 0);
    const PasidDirectory all{GuestAddress{directory}, 7};

    EXPECT_THAT(list_pasids(tables, shape, all, 5, 100).pasids, ElementsAre(0, 63, 8191));
    const auto two = list_pasids(tables, shape, all, 5, 2);
    EXPECT_THAT(two.pasids, ElementsAre(0, 63));
    EXPECT_FALSE(two.complete);
    // The unit has 6 bits, then 12.
    EXPECT_THAT(list_pasids(tables, scalable_shape(6), all, 5, 100).pasids, ElementsAre(0, 63));
    EXPECT_THAT(list_pasids(tables, scalable_shape(5), all, 5, 100).pasids, ElementsAre(0));
    EXPECT_THAT(list_pasids(tables, scalable_shape(12), all, 5, 100).pasids, ElementsAre(0, 63));
}

TEST_F(ScalableTables, ListNothingOutOfHoles) {
    tables.put(directory + 8, 0xdead'0000 | 1);
    EXPECT_THAT(list_pasids(tables, shape, {GuestAddress{directory}, 14}, 5, 10).pasids, IsEmpty());
    EXPECT_THAT(list_pasids(tables, shape, {GuestAddress{0xdead'0000}, 14}, 5, 10).pasids,
                IsEmpty());
}

}  // namespace
}  // namespace tenon::model::iommu
