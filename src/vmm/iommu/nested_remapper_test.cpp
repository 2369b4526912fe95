// PASIDs of a guest's device whose tables the host's IOMMU walks.
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

constexpr std::uint64_t pasid_directory = 0x18000;
constexpr std::uint64_t pasid_entries = 0x19000;
constexpr std::uint64_t process = 0x1a000;
constexpr std::uint64_t process_number = 6;
constexpr std::uint64_t takes_pasids = 1 << 10;
constexpr std::uint64_t long_descriptors = 1 << 11;
// NEST, SMTS, FSTS.
constexpr std::uint64_t nesting_unit = 1ull << 26 | 1ull << 43 | 1ull << 47;

model::iommu::UnitShape nested_unit() {
    return model::iommu::design_unit(
               {.pasid_width = 20, .capability = 0, .extended_capability = nesting_unit},
               {.mode = model::iommu::TableMode::Nested, .pasid_width = 20})
        .value()
        .shape;
}

std::unique_ptr<device::DeviceOpener> with_nesting(support::FakeHost& host) {
    host.kernel().traits().hardware =
        support::FakeKernel::Hardware{.type = 1, .pasid_width = 20, .ecap_reg = nesting_unit};
    return host::iommufd::IommufdOpener::create(host.kernel(), host.paths(),
                                                host::iommufd::Pasids::Used)
        .value();
}

class NestedRemapperTest : public RemapperBench {
protected:
    NestedRemapperTest()
        : RemapperBench{memory_size, std::chrono::seconds{60}, with_nesting, nested_unit()} {
        put(context, pasid_directory | 1 << 3 | 1);
        put(pasid_directory, pasid_entries | 1);
    }

    void lead(std::uint64_t pasid, std::uint64_t table) {
        put(pasid_entries + pasid * 64 + 16, table);
        put(pasid_entries + pasid * 64 + 8, process_number);
        put(pasid_entries + pasid * 64, 1 << 6 | 1);
    }
    void start() {
        remapper_.write(root_table, 8, root | takes_pasids);
        set(global_command, set_root);
        remapper_.write(queue_address, 8, queue | long_descriptors);
        set(global_command, queue_on);
        set(global_command, queue_on | translation);
    }
    // Descriptors of 32 bytes. Source: 6.5.2.
    void tell(std::uint64_t low, std::uint64_t high = 0) {
        put(status, 0);
        put(queue + tail_, low);
        put(queue + tail_ + 8, high);
        put(queue + tail_ + 32, 2ull << 32 | 0x25);
        put(queue + tail_ + 40, status);
        tail_ += 64;
        remapper_.write(queue_tail, 8, tail_);
    }
    void flush_entry(std::uint64_t pasid) { tell(0x17 | process_number << 16 | pasid << 32); }

    auto pasids() { return host_.kernel().pasids_of(nvme); }
    support::FakeKernel::NamedTable table_of(std::uint32_t pasid) {
        return host_.kernel().named_table(pasids().at(pasid)).value();
    }
};

TEST_F(NestedRemapperTest, HasTheHostWalkTheGuestsTables) {
    start();
    lead(7, process);

    flush_entry(7);

    ASSERT_THAT(pasids(), ElementsAre(Key(7)));
    const auto table = table_of(7);
    EXPECT_EQ(table.root, process);
    EXPECT_EQ(table.address_width, 48u);
    EXPECT_EQ(table.flags, 0u);
    // Through all memory, in a table that was made for that.
    EXPECT_EQ(table.space, support::FakeKernel::address_space_id);
    EXPECT_TRUE(host_.kernel().named_table(table.parent.value())->nest_parent);
    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(NestedRemapperTest, TellsTheHostWhatTheGuestHasChanged) {
    lead(7, process);
    start();

    tell(0x36 | process_number << 16 | 7ull << 32, 0x12'3000 | 2);
    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(table_of(7).forgotten, ElementsAre(Pair(0x12'0000, 4)));

    tell(0x26 | process_number << 16 | 7ull << 32);
    EXPECT_THAT(table_of(7).forgotten, ElementsAre(testing::_, Pair(0, ~0ull)));
}

TEST_F(NestedRemapperTest, LeavesNothingOfAPasidThatEnds) {
    lead(7, process);
    start();
    const auto table = pasids().at(7);

    put(pasid_entries + 7 * 64ull, 0);
    flush_entry(7);

    EXPECT_THAT(pasids(), IsEmpty());
    EXPECT_FALSE(host_.kernel().named_table(table));
}

// A table that is nested, the attachment.
TEST_F(NestedRemapperTest, APasidThatTheHostRefusesReachesNothing) {
    start();
    lead(7, process);
    for (unsigned call = 1; call <= 2; ++call) {
        host_.kernel().faults().fail_call(call, ENOMEM);
        flush_entry(7);

        EXPECT_TRUE(host_.kernel().faults().reached()) << call;
        EXPECT_EQ(get(status), 2u);
        EXPECT_THAT(pasids(), IsEmpty()) << call;
    }
    flush_entry(7);
    EXPECT_THAT(pasids(), ElementsAre(Key(7)));
    EXPECT_THAT(failures_, IsEmpty());
}

// The host may have cached what the guest has taken away: nothing of it is reached any more.
TEST_F(NestedRemapperTest, APasidOfWhichTheHostForgetsNothingReachesNothing) {
    lead(7, process);
    start();

    host_.kernel().faults().fail_call(1, EIO);
    tell(0x26 | process_number << 16 | 7ull << 32);

    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(pasids(), IsEmpty());
    EXPECT_THAT(failures_, IsEmpty());
}

}  // namespace
}  // namespace tenon::vmm::iommu
