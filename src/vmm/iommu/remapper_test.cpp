#include "vmm/iommu/remapper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <vector>

#include "host/iommufd/iommufd_opener.hpp"
#include "tests/support/remapper_bench.hpp"

namespace tenon::vmm::iommu {
namespace {

using support::FakeKernel;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using namespace support::remapper;

class RemapperTest : public RemapperBench {
protected:
    using RemapperBench::RemapperBench;
};

TEST_F(RemapperTest, MovesADeviceToWhatItsTablesMap) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);

    switch_on();

    EXPECT_EQ(remapper_.read(global_status, 4) & translation, translation);
    EXPECT_THAT(mapped(), ElementsAre(Pair(0x1000, 0x1000)));
    EXPECT_EQ(place(), first_domain);
}

TEST_F(RemapperTest, FollowsAnInvalidationBeforeItsStatusIsThere) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    switch_on();
    put(level1 + 8, 0);
    put(level1 + 16, 0x20'1000 | 3);

    invalidate_page(0x1000);
    invalidate_page(0x2000);

    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(mapped(), ElementsAre(Pair(0x2000, 0x1000)));
}

// What a driver maps at once, and lets go of at once.
TEST_F(RemapperTest, AsksTheHostOnceForPagesSideBySide) {
    lead_to_tables();
    switch_on();
    for (unsigned n = 0; n < 16; ++n)
        put(level1 + n * 8ull, (0x20'0000 + n * 0x1000) | 3);
    const auto before = host_.kernel().faults().calls();

    invalidate_pages(0, 4);

    EXPECT_EQ(host_.kernel().faults().calls() - before, 1u);
    EXPECT_THAT(mapped(), ElementsAre(Pair(0, 0x1'0000)));
    for (unsigned n = 0; n < 16; ++n)
        put(level1 + n * 8ull, 0);
    invalidate_pages(0, 4);
    EXPECT_EQ(host_.kernel().faults().calls() - before, 2u);
    EXPECT_THAT(mapped(), IsEmpty());
}

// Pages that were mapped one by one, and then all invalidated.
TEST_F(RemapperTest, TakesARangeBackByOneCall) {
    lead_to_tables();
    switch_on();
    for (unsigned n = 0; n < 16; ++n) {
        put(level1 + n * 8ull, (0x20'0000 + n * 0x2000) | 3);
        invalidate_page(n * 0x1000ull);
    }
    EXPECT_EQ(mapped().size(), 16u);
    for (unsigned n = 0; n < 16; ++n)
        put(level1 + n * 8ull, 0);
    const auto before = host_.kernel().faults().calls();

    invalidate_pages(0, 4);

    EXPECT_EQ(host_.kernel().faults().calls() - before, 1u);
    EXPECT_THAT(mapped(), IsEmpty());
}

class LargeRemapperTest : public RemapperTest {
protected:
    static constexpr std::uint64_t leaves_at = 8 << 20;
    LargeRemapperTest() : RemapperTest{leaves_at + (1 << 30)} {}
};

// 1 GiB by pages of 2 MiB.
TEST_F(LargeRemapperTest, AsksTheHostOnceForALargePageAtMost) {
    lead_to_tables();
    switch_on();
    for (std::uint64_t n = 0; n < 512; ++n)
        put(level2 + n * 8, (leaves_at + (n << 21)) | 0x83);
    const auto before = host_.kernel().faults().calls();

    invalidate_pages(0, 18);

    EXPECT_LE(host_.kernel().faults().calls() - before, 512u);
    std::uint64_t size = 0;
    for (const auto& [at, one] : mapped())
        size += one;
    EXPECT_EQ(size, 1u << 30);
    for (std::uint64_t n = 0; n < 512; ++n)
        put(level2 + n * 8, 0);
    const auto filled = host_.kernel().faults().calls();
    invalidate_pages(0, 18);
    EXPECT_EQ(host_.kernel().faults().calls() - filled, 1u);
    EXPECT_THAT(mapped(), IsEmpty());
}

TEST_F(RemapperTest, DoesNotFollowWhatIsNotInvalidated) {
    lead_to_tables();
    switch_on();

    put(level1 + 8, 0x20'0000 | 3);

    EXPECT_THAT(mapped(), IsEmpty());
}

TEST_F(RemapperTest, BlocksADeviceWithoutAContext) {
    switch_on();

    EXPECT_EQ(place(), std::nullopt);
}

TEST_F(RemapperTest, AsksTheHostNothingForADeviceThatPasses) {
    pass_through();
    const auto before = host_.kernel().faults().calls();

    switch_on();
    invalidate_contexts();

    EXPECT_EQ(get(status), 2u);
    EXPECT_EQ(host_.kernel().faults().calls(), before);
    EXPECT_EQ(place(), FakeKernel::address_space_id);
}

TEST_F(RemapperTest, MovesADeviceWhenItsContextIsInvalidated) {
    pass_through();
    switch_on();

    lead_to_tables();
    invalidate_contexts();
    EXPECT_EQ(place(), first_domain);
    pass_through();
    invalidate_contexts();

    EXPECT_EQ(place(), FakeKernel::page_table_id);
    EXPECT_EQ(remapper_.domains(), 0u);
    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
}

TEST_F(RemapperTest, MapsMemoryAlone) {
    lead_to_tables();
    put(level1 + 8, 0xfed9'0000 | 3);
    put(level1 + 16, memory_size | 3);

    switch_on();

    EXPECT_THAT(mapped(), IsEmpty());
}

TEST_F(RemapperTest, AResetLeadsBackToMemory) {
    lead_to_tables();
    switch_on();

    remapper_.restart();

    EXPECT_EQ(place(), FakeKernel::page_table_id);
    EXPECT_EQ(remapper_.read(global_status, 4), 0u);
    EXPECT_EQ(remapper_.domains(), 0u);
}

TEST_F(RemapperTest, NothingIsLeftOfADeviceThatGoes) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    switch_on();

    remapper_.remove(device_id_);

    EXPECT_EQ(place(), std::nullopt);
    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
    EXPECT_EQ(device_.use_count(), 1);
}

TEST_F(RemapperTest, ADeviceThatComesGoesWhereItsContextSays) {
    remapper_.remove(device_id_);
    lead_to_tables();
    switch_on();

    ASSERT_TRUE(remapper_.add({.name = "nvme",
                               .device = device_,
                               .space = &opener_->address_space(),
                               .source = source,
                               .wait_for_memory = {}}));

    EXPECT_EQ(place(), first_domain + 1);
}

TEST_F(RemapperTest, FollowsTheNumberOfABus) {
    lead_to_tables();
    switch_on();

    remapper_.renumber(device_id_, 0x0200);
    EXPECT_EQ(place(), std::nullopt);
    remapper_.renumber(device_id_, source);

    EXPECT_EQ(place(), first_domain + 1);
}

TEST_F(RemapperTest, WaitsForMemoryOnceTranslationIsSwitchedOn) {
    lead_to_tables();
    set(global_command, queue_on);
    EXPECT_EQ(waits_, 0u);

    switch_on();

    EXPECT_EQ(waits_, 1u);
}

TEST_F(RemapperTest, StaysOffWhereMemoryDoesNotCome) {
    memory_comes_ = fail(Error::Kind::Busy, "the guest ends");

    switch_on();

    EXPECT_EQ(remapper_.read(global_status, 4) & translation, 0u);
    EXPECT_EQ(place(), FakeKernel::address_space_id);
}

// A wait that asks for an interrupt. Source: 6.5.2.8, 11.4.9.5.
TEST_F(RemapperTest, SendsTheMessageThatItsRegistersName) {
    switch_on();
    set(event_data, 0x4021);
    set(event_address, 0xfee0'1000);
    set(event_control, 0);

    invalidate(0x15);

    EXPECT_THAT(vm_.sent, ElementsAre(Pair(0xfee0'1000, 0x4021)));
}

// Two interrupts of the controller, in the remappable format: entries 3 and 4.
class InterruptRemapperTest : public RemapperTest {
protected:
    InterruptRemapperTest() {
        put_entry(3, 0x41);
        put_entry(4, 0x42);
        remapper_.write(queue_address, 8, queue);
        remapper_.write(interrupt_table, 8, interrupts | 7);
        set(global_command, set_interrupts | queue_on);
        for (const std::uint32_t entry : {3u, 4u})
            routes_.set(*routes_.allocate(), naming(entry));
        set(global_command, remapping | queue_on);
    }

    // Of the controller, to APIC 3.
    void put_entry(std::uint64_t index, std::uint64_t vector) {
        put(interrupts + index * 16, 3ull << 40 | vector << 16 | 1);
        put(interrupts + index * 16 + 8, 0x4'0100);
    }
    static kvm::SentMessage naming(std::uint32_t entry) {
        return {.source = source, .message = {0xfee0'0018 | entry << 5, 0}};
    }
    std::vector<std::uint32_t> vectors() const {
        std::vector<std::uint32_t> all;
        for (const auto& route : vm_.routes)
            all.push_back(route.u.msi.data);
        return all;
    }
};

TEST_F(InterruptRemapperTest, RoutesByTheTableOfTheGuest) {
    EXPECT_EQ(remapper_.read(global_status, 4), remapping | set_interrupts | queue_on);
    EXPECT_THAT(vectors(), ElementsAre(0x41, 0x42));
}

TEST_F(InterruptRemapperTest, RoutesAnewBeforeTheStatusIsThereAndOnceForAllBeforeAWait) {
    put_entry(3, 0x51);
    put_entry(4, 0x52);
    const auto before = vm_.route_commits;
    std::uint32_t at_routing = 7;
    vm_.routing = [&] { at_routing = get(status); };
    // Entry 3; then entry 4, and the wait.
    put(queue + tail_, 0x0003'0000'0014);
    put(queue + tail_ + 8, 0);
    tail_ += 16;

    invalidate(0x0004'0000'0014);

    EXPECT_THAT(vectors(), ElementsAre(0x51, 0x52));
    EXPECT_EQ(vm_.route_commits, before + 1);
    EXPECT_EQ(at_routing, 0u);
    EXPECT_EQ(get(status), 2u);
}

TEST_F(InterruptRemapperTest, KeepsWhatIsNotInvalidated) {
    put_entry(3, 0x51);
    put_entry(4, 0x52);
    const auto before = vm_.route_commits;

    invalidate(0x0005'0000'0014);
    EXPECT_EQ(vm_.route_commits, before);
    invalidate(0x0004'0000'0014);

    EXPECT_THAT(vectors(), ElementsAre(0x41, 0x52));
}

// Source: VT-d 4.1, 7.1.3, 11.4.7.6: entry 5 is not present.
TEST_F(InterruptRemapperTest, RecordsWhatIsLost) {
    ASSERT_TRUE(routes_.send(naming(5)));
    EXPECT_EQ(remapper_.read(fault_status, 4), 0u);

    remapper_.record_lost();

    EXPECT_THAT(vm_.sent, IsEmpty());
    EXPECT_EQ(remapper_.read(fault_status, 4), 2u);
    EXPECT_EQ(remapper_.read(fault_record, 8), 0x0005'0000'0000'0000u);
    EXPECT_EQ(remapper_.read(fault_record + 8, 8), 0x8000'0022'0000'0100u);
    remapper_.record_lost();
    EXPECT_EQ(remapper_.read(fault_status, 4), 2u);
}

TEST_F(InterruptRemapperTest, AResetLeadsInterruptsWhereTheySay) {
    remapper_.restart();

    EXPECT_THAT(vectors(), ElementsAre(0, 0));
    EXPECT_EQ(vm_.routes.front().u.msi.address_lo, 0xfee0'0078u);
}

TEST_F(InterruptRemapperTest, TriesAgainWhatKvmRefuses) {
    put_entry(3, 0x51);
    vm_.faults.fail_call(1, ENOMEM);

    invalidate(0x0003'0000'0014);

    EXPECT_EQ(get(status), 2u);
    EXPECT_THAT(vectors(), ElementsAre(0x41, 0x42));
    // It is in the next table.
    EXPECT_TRUE(routes_.commit());
    EXPECT_THAT(vectors(), ElementsAre(0x51, 0x42));
}

TEST_F(RemapperTest, RefusesADeviceOfAnotherAddressSpace) {
    const auto other = host::iommufd::IommufdOpener::create(host_.kernel(), host_.paths()).value();

    const auto added = remapper_.add({.name = "other",
                                      .device = device_,
                                      .space = &other->address_space(),
                                      .source = 0x0200,
                                      .wait_for_memory = {}});

    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, Error::Kind::Unsupported);
}

// Making a domain, mapping, keeping memory mapped, attaching; and each of what then is undone.
TEST_F(RemapperTest, ADeviceReachesNothingWhicheverCallFails) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    auto& faults = host_.kernel().faults();
    faults.fail_call(1000);
    const auto before = faults.calls();
    switch_on();
    const auto calls = faults.calls() - before;
    ASSERT_EQ(calls, 4u);

    for (unsigned call = 1; call <= calls; ++call) {
        remapper_.restart();
        faults.fail_call(call, ENOMEM);
        switch_on();
        EXPECT_TRUE(!faults.reached() || place() == std::nullopt) << "call " << call;
        faults.fail_call(0);
    }
    EXPECT_THAT(failures_, IsEmpty());
}

// Keeping memory mapped comes before the attachment.
TEST_F(RemapperTest, WaitsForADeviceThatTheHostResets) {
    pass_through();
    switch_on();
    lead_to_tables();

    host_.kernel().faults().fail_call(3, EBUSY);
    invalidate_contexts();

    EXPECT_TRUE(host_.kernel().faults().reached());
    EXPECT_EQ(place(), first_domain);
    EXPECT_EQ(get(status), 2u);
}

TEST_F(RemapperTest, WaitsToCutADeviceOffThatTheHostResets) {
    lead_to_tables();
    switch_on();
    put(context, 0);

    host_.kernel().faults().fail_call(1, EBUSY);
    invalidate_contexts();

    EXPECT_EQ(place(), std::nullopt);
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(RemapperTest, WaitsForNoDeviceWhenTheGuestEnds) {
    pass_through();
    switch_on();
    lead_to_tables();
    remapper_.end();

    host_.kernel().faults().fail_call(3, EBUSY);
    invalidate_contexts();

    EXPECT_TRUE(host_.kernel().faults().reached());
    EXPECT_EQ(place(), std::nullopt);
}

class ImpatientRemapperTest : public RemapperTest {
protected:
    ImpatientRemapperTest() : RemapperTest{memory_size, std::chrono::milliseconds{0}} {}
};

TEST_F(ImpatientRemapperTest, CutsOffADeviceThatStaysBusy) {
    pass_through();
    switch_on();
    lead_to_tables();

    host_.kernel().faults().fail_call(3, EBUSY);
    invalidate_contexts();

    EXPECT_EQ(place(), std::nullopt);
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(RemapperTest, AMappingThatCannotBeTakenBackCutsTheDeviceOff) {
    lead_to_tables();
    put(level1 + 8, 0x20'0000 | 3);
    switch_on();
    put(level1 + 8, 0);

    host_.kernel().faults().fail_call(1);
    invalidate_page(0x1000);

    EXPECT_EQ(get(status), 2u);
    EXPECT_EQ(place(), std::nullopt);
    EXPECT_THAT(host_.kernel().domains(), IsEmpty());
}

TEST_F(RemapperTest, ADeviceThatCannotBeCutOffEndsTheGuest) {
    lead_to_tables();
    switch_on();
    put(context, 0);

    host_.kernel().faults().fail_call(1);
    invalidate_contexts();

    ASSERT_EQ(failures_.size(), 1u);
    EXPECT_THAT(failures_.front(), testing::HasSubstr("nvme"));
}

}  // namespace
}  // namespace tenon::vmm::iommu
