// PASIDs of a guest's device on a host that attaches them by iommufd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/remapper_bench.hpp"

namespace tenon::vmm::iommu {
namespace {

using namespace support::remapper;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::uint64_t directory = 0x18000;
constexpr std::uint64_t entries = 0x19000;
constexpr std::uint64_t other_level3 = 0x1a000;
constexpr std::uint64_t other_level2 = 0x1b000;
constexpr std::uint64_t other_level1 = 0x1c000;
constexpr std::uint64_t other_number = 6;
constexpr std::uint64_t scalable_tables = 1 << 10;
constexpr std::uint64_t wide_descriptors = 1 << 11;

model::iommu::UnitShape unit_with_pasids() {
    return model::iommu::design_unit({.pasid_width = 20},
                                     {.mode = model::iommu::TableMode::Scalable, .pasid_width = 20})
        .value()
        .shape;
}

std::unique_ptr<device::DeviceOpener> with_pasids(support::FakeHost& host) {
    host.kernel().traits().hardware = support::FakeKernel::Hardware{.type = 1, .pasid_width = 20};
    return host::iommufd::IommufdOpener::create(host.kernel(), host.paths(),
                                                host::iommufd::Pasids::Used)
        .value();
}

// Requests without a PASID are those of number 0, which nothing leads anywhere.
class PasidRemapperTest : public RemapperBench {
protected:
    PasidRemapperTest()
        : RemapperBench{memory_size, std::chrono::seconds{60}, with_pasids, unit_with_pasids()} {
        put(context, directory | 1 << 3 | 1);
        put(directory, entries | 1);
        put(other_level3, other_level2 | 3);
        put(other_level2, other_level1 | 3);
        put(level1 + 8, 0x20'0000 | 3);
        put(other_level1 + 8, 0x30'0000 | 3);
    }

    void put_entry(std::uint64_t pasid, std::uint64_t first, std::uint64_t number) {
        put(entries + pasid * 64 + 8, number);
        put(entries + pasid * 64, first);
    }
    void lead(std::uint64_t pasid, std::uint64_t table, std::uint64_t number = domain_number) {
        put_entry(pasid, table | 2 << 6 | 1 << 2 | 1, number);
    }
    void start() {
        remapper_.write(root_table, 8, root | scalable_tables);
        set(global_command, set_root);
        remapper_.write(queue_address, 8, queue | wide_descriptors);
        set(global_command, queue_on);
        set(global_command, queue_on | translation);
    }
    // Scalable tables want descriptors of 32 bytes. Source: 6.5.2.
    void flush(std::uint64_t pasid, std::uint64_t number = domain_number) {
        put(status, 0);
        put(queue + tail_, 0x17 | number << 16 | pasid << 32);
        put(queue + tail_ + 32, 2ull << 32 | 0x25);
        put(queue + tail_ + 40, status);
        tail_ += 64;
        remapper_.write(queue_tail, 8, tail_);
    }

    auto pasids() { return host_.kernel().pasids_of(nvme); }
    // What requests with the PASID reach, by address.
    std::map<std::uint64_t, std::uint64_t> reached(std::uint32_t pasid) {
        return host_.kernel().domains().at(*host_.kernel().space_of(pasids().at(pasid)));
    }
};

TEST_F(PasidRemapperTest, LeadsEachPasidToItsOwnMemory) {
    lead(7, level3);
    lead(9, other_level3, other_number);

    start();

    EXPECT_THAT(pasids(), UnorderedElementsAre(Key(7), Key(9)));
    EXPECT_NE(pasids().at(7), pasids().at(9));
    EXPECT_THAT(reached(7), ElementsAre(Pair(0x1000, 0x1000)));
    EXPECT_THAT(reached(9), ElementsAre(Pair(0x1000, 0x1000)));
    EXPECT_EQ(place(), std::nullopt);
}

TEST_F(PasidRemapperTest, FollowsAPasidFromItsInvalidationOn) {
    start();
    lead(7, level3);
    EXPECT_THAT(pasids(), IsEmpty());

    flush(7);
    EXPECT_THAT(pasids(), ElementsAre(Key(7)));

    put_entry(7, 0, domain_number);
    flush(7);
    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(pasids(), IsEmpty());
    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
}

TEST_F(PasidRemapperTest, LetsAPasidPassToAllMemory) {
    put_entry(7, 4 << 6 | 1, 2);

    start();

    EXPECT_EQ(host_.kernel().space_of(pasids().at(7)), support::FakeKernel::address_space_id);
}

TEST_F(PasidRemapperTest, LeavesNoPasidWhereTranslationEnds) {
    lead(7, level3);
    start();

    set(global_command, queue_on);

    EXPECT_THAT(pasids(), IsEmpty());
    EXPECT_EQ(host_.kernel().space_of(place().value()), support::FakeKernel::address_space_id);
}

TEST_F(PasidRemapperTest, APasidThatTheHostRefusesReachesNothing) {
    start();
    lead(7, level3);

    // A domain, what it maps, its page table, the attachment.
    for (unsigned call = 1; call <= 4; ++call) {
        host_.kernel().faults().fail_call(call, ENOMEM);
        flush(7);

        EXPECT_TRUE(host_.kernel().faults().reached()) << call;
        EXPECT_EQ(get(status), 2u);
        EXPECT_THAT(pasids(), IsEmpty()) << call;
        EXPECT_THAT(host_.kernel().domains(), IsEmpty()) << call;
    }
    flush(7);
    EXPECT_THAT(pasids(), ElementsAre(Key(7)));
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(PasidRemapperTest, APasidThatCannotMoveStaysNowhere) {
    lead(7, level3);
    start();
    lead(7, other_level3, other_number);

    host_.kernel().faults().fail_call(4, ENOMEM);
    flush(7);

    EXPECT_THAT(pasids(), IsEmpty());
    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(PasidRemapperTest, APasidThatCannotBeCutOffEndsTheGuest) {
    lead(7, level3);
    start();
    put_entry(7, 0, domain_number);

    host_.kernel().faults().fail_call(1, ENOMEM);
    flush(7);

    ASSERT_EQ(failures_.size(), 1u);
    EXPECT_THAT(failures_.front(), testing::HasSubstr("PASID 7"));
}

// The host would lead both by the same number.
TEST_F(PasidRemapperTest, FunctionsOfOneGroupHaveNoPasids) {
    const auto neighbour = remapper_
                               .add({.name = "beside",
                                     .device = device_,
                                     .space = &opener_->address_space(),
                                     .source = source + 1,
                                     .group = 14,
                                     .wait_for_memory = {}})
                               .value();
    lead(7, level3);

    start();

    EXPECT_THAT(pasids(), IsEmpty());
    remapper_.remove(neighbour);
}

}  // namespace
}  // namespace tenon::vmm::iommu
