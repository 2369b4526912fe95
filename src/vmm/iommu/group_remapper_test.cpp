// The guest's IOMMU on a host with the group interface alone: containers instead of domains, and
// functions of one group, which go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <optional>

#include "host/vfio/group_opener.hpp"
#include "tests/support/remapper_bench.hpp"

namespace tenon::vmm::iommu {
namespace {

using namespace support::remapper;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::SizeIs;

constexpr auto beside = "0000:01:00.1";
constexpr model::iommu::SourceId source_beside = 0x0101;
constexpr std::uint64_t context_beside = context + 16;

class GroupRemapperTest : public RemapperBench {
protected:
    GroupRemapperTest()
        : RemapperBench{
              memory_size, std::chrono::seconds{60}, [](support::FakeHost& host) {
                  host.add(beside, "14", 4);
                  return host::vfio::GroupOpener::create_apart(host.kernel(), host.paths()).value();
              }} {}

    auto reached() { return host_.kernel().reached_by("14"); }
    auto everything() { return ElementsAre(Key(0)); }

    // Another function of the same group.
    void add_beside() {
        beside_ = opener_->open(host_.facts(beside), {}).value();
        beside_id_ = remapper_
                         .add({.name = "beside",
                               .device = beside_,
                               .space = &opener_->address_space(),
                               .source = source_beside,
                               .group = 14,
                               .wait_for_memory = {}})
                         .value();
    }
    void lead_beside_to_tables() {
        put(context_beside, level3 | 1);
        put(context_beside + 8, domain_number << 8 | 1);
    }
    void let_beside_pass() {
        put(context_beside, 2 << 2 | 1);
        put(context_beside + 8, domain_number << 8 | 2);
    }

    std::shared_ptr<device::DeviceControl> beside_;
    std::optional<model::iommu::DeviceId> beside_id_;
};

TEST_F(GroupRemapperTest, LeadsADeviceToWhatItsTablesMap) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    put(level1 + 16, 0x20'4000 | 1);

    switch_on();

    ASSERT_THAT(reached(), ElementsAre(Key(0x1000), Key(0x2000)));
    const auto memory = memory_.span(GuestAddress{0x20'0000}, 0x1000).value();
    EXPECT_EQ(reached().at(0x1000).memory, std::bit_cast<std::uintptr_t>(memory.data()));
    EXPECT_TRUE(reached().at(0x1000).write);
    EXPECT_FALSE(reached().at(0x2000).write);
}

TEST_F(GroupRemapperTest, FollowsAnInvalidation) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    switch_on();
    put(level1 + 8, 0);
    put(level1 + 16, 0x20'1000 | 3);

    invalidate_page(0x1000);
    invalidate_page(0x2000);

    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(reached(), ElementsAre(Key(0x2000)));
}

TEST_F(GroupRemapperTest, AsksTheHostNothingForADeviceThatPasses) {
    pass_through();
    const auto before = host_.kernel().faults().calls();

    switch_on();

    EXPECT_EQ(host_.kernel().faults().calls(), before);
    EXPECT_THAT(reached(), everything());
}

TEST_F(GroupRemapperTest, AResetLeadsBackToMemory) {
    lead_to_tables();
    switch_on();
    EXPECT_THAT(reached(), IsEmpty());

    remapper_.restart();

    EXPECT_THAT(reached(), everything());
}

TEST_F(GroupRemapperTest, ADeviceReachesNothingWhicheverCallFails) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    put(level1 + 24, 0x20'8000 | 3);
    auto& faults = host_.kernel().faults();
    faults.fail_call(1000);
    const auto before = faults.calls();
    switch_on();
    const auto calls = faults.calls() - before;
    ASSERT_EQ(calls, 3u);  // All memory back, and two mappings.

    for (unsigned call = 1; call <= calls; ++call) {
        remapper_.restart();
        faults.fail_call(call, ENOMEM);
        switch_on();
        EXPECT_TRUE(faults.reached()) << "call " << call;
        EXPECT_THAT(reached(), IsEmpty()) << "call " << call;
        faults.fail_call(0);
    }
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(GroupRemapperTest, AMappingThatCannotBeMadeCutsTheDeviceOff) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    switch_on();
    host_.kernel().traits().dma_entries = 1;
    put(level1 + 24, 0x20'8000 | 3);

    invalidate_page(0x3000);

    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(reached(), IsEmpty());
}

TEST_F(GroupRemapperTest, ADeviceThatCannotBeCutOffEndsTheGuest) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    switch_on();
    put(context, 0);

    host_.kernel().faults().fail_call(1);
    invalidate_contexts();

    ASSERT_THAT(failures_, SizeIs(1));
    EXPECT_THAT(failures_.front(), testing::HasSubstr("nvme"));
}

TEST_F(GroupRemapperTest, LeadsFunctionsOfAGroupTogether) {
    add_beside();
    lead_to_tables();
    lead_beside_to_tables();
    put(level1 + 8, 0x20'0000 | 3);

    switch_on();

    EXPECT_THAT(reached(), ElementsAre(Key(0x1000)));
    remapper_.remove(*beside_id_);
    EXPECT_THAT(reached(), ElementsAre(Key(0x1000)));
}

TEST_F(GroupRemapperTest, BlocksAGroupThatTheGuestLeadsApart) {
    add_beside();
    lead_to_tables();
    let_beside_pass();
    put(level1 + 8, 0x20'0000 | 3);

    switch_on();
    EXPECT_THAT(reached(), IsEmpty());
    lead_beside_to_tables();
    invalidate_contexts();

    EXPECT_THAT(reached(), ElementsAre(Key(0x1000)));
    remapper_.remove(*beside_id_);
}

TEST_F(GroupRemapperTest, AsksTheHostNothingForAGroupThatPasses) {
    add_beside();
    pass_through();
    let_beside_pass();
    const auto before = host_.kernel().faults().calls();

    switch_on();

    EXPECT_EQ(host_.kernel().faults().calls(), before);
    remapper_.remove(*beside_id_);
}

// One whose function has gone is led as the other wants.
TEST_F(GroupRemapperTest, FreesAGroupOfWhoHasGone) {
    add_beside();
    pass_through();
    lead_beside_to_tables();
    switch_on();
    EXPECT_THAT(reached(), IsEmpty());

    remapper_.remove(*beside_id_);

    EXPECT_THAT(reached(), everything());
}

}  // namespace
}  // namespace tenon::vmm::iommu
