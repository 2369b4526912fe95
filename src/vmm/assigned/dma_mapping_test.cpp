#include "vmm/assigned/dma_mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/support/assigned_nvme.hpp"

namespace tenon::vmm::assigned {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t gib = 1ull << 30;

// An address space that maps nothing before it is told to.
class SlowSpace final : public device::AddressSpace {
public:
    Result<void> map(Iova at, const device::DmaMemory& memory) override {
        begun.store(begun.load() + 1);
        go_on.get_future().wait();
        go_on = {};
        return inner.map(at, memory);
    }
    device::BarMaps bar_maps() const override { return inner.bar_maps(); }
    Result<void> map_bar(Iova at, const device::DmaMemory& bar) override {
        return inner.map_bar(at, bar);
    }
    Result<void> unmap(Iova at, std::uint64_t size) override { return inner.unmap(at, size); }

    std::atomic<int> begun = 0;
    std::promise<void> go_on;
    support::Faults faults;
    support::FakeAddressSpace inner{faults};
};

class DmaMappingTest : public testing::Test {
protected:
    DmaMapping::Outside outside(device::AddressSpace& into) {
        return {.space = into, .memory = memory, .warnings = warnings};
    }

    // Two pieces below the hole and one above. Nobody touches it, so it is not there.
    board::GuestMemory memory = board::GuestMemory::create(3 * gib, 2 * gib).value();
    board::Warnings warnings;
    support::Faults faults;
    support::FakeAddressSpace space{faults};
};

TEST_F(DmaMappingTest, MapsMemoryInPiecesOfOneGiB) {
    {
        DmaMapping mapping{outside(space)};
        ASSERT_TRUE(mapping.map());
        ASSERT_THAT(space.mapped(), SizeIs(3));
        for (const auto at : {0 * gib, 1 * gib, 4 * gib})
            EXPECT_EQ(space.mapped().at(Iova{at}).size(), gib) << at;
        EXPECT_TRUE(mapping.progress()->wait());
    }
    EXPECT_THAT(space.mapped(), IsEmpty());
}

TEST_F(DmaMappingTest, TakesBackWhatWasMappedBeforeAFailure) {
    for (unsigned n = 1; n <= 3; ++n) {
        faults.fail_call(n);
        EXPECT_FALSE(DmaMapping{outside(space)}.map()) << n;
        EXPECT_THAT(space.mapped(), IsEmpty()) << n;
    }
}

TEST_F(DmaMappingTest, TellsWhoWaitsAndWhoListensOfAFailureBesideTheStart) {
    faults.fail_call(2);
    std::promise<Result<void>> told;
    auto mapping = std::make_shared<DmaMapping>(outside(space));
    mapping->begin([&](const auto& result) { told.set_value(result); });

    EXPECT_FALSE(mapping->progress()->wait());
    EXPECT_FALSE(told.get_future().get());
    mapping.reset();
    EXPECT_THAT(space.mapped(), IsEmpty());
}

TEST_F(DmaMappingTest, GoesOnBesideTheStart) {
    SlowSpace slow;
    auto mapping = std::make_shared<DmaMapping>(outside(slow));
    mapping->begin([](const auto&) {});
    auto waiting = std::async(std::launch::async,
                              [progress = mapping->progress()] { return progress->wait(); });
    for (int piece = 1; piece <= 3; ++piece) {
        while (slow.begun < piece)
            std::this_thread::yield();
        EXPECT_EQ(waiting.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
        slow.go_on.set_value();
        while (slow.begun == piece && piece < 3)
            std::this_thread::yield();
    }
    EXPECT_TRUE(waiting.get());
    EXPECT_THAT(slow.inner.mapped(), SizeIs(3));
}

TEST_F(DmaMappingTest, EndsAfterThePieceThatIsBeingMapped) {
    SlowSpace slow;
    bool told = false;
    auto mapping = std::make_shared<DmaMapping>(outside(slow));
    mapping->begin([&](const auto&) { told = true; });
    while (slow.begun < 1)
        std::this_thread::yield();

    mapping->progress()->cancel();
    const auto waited = mapping->progress()->wait();
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().kind, Error::Kind::Busy);
    slow.go_on.set_value();
    mapping.reset();

    EXPECT_EQ(slow.begun, 1);
    EXPECT_FALSE(told);
    EXPECT_THAT(slow.inner.mapped(), IsEmpty());
}

// Command: memory decoding and bus mastering.
TEST_F(DmaMappingTest, KeepsAFunctionOffTheBusUntilMemoryIsThere) {
    const auto host = support::nvme_function();
    const auto plan = support::plan_of({host.get()});
    support::FakeBoard board;
    const auto progress = std::make_shared<DmaProgress>();
    const auto function = AssignedFunction::create(support::first_of(plan),
                                                   std::make_unique<support::FakeDevice>(*host),
                                                   board.parts(), progress)
                              .value();
    function->write_config(0x04, 2, 0x0002);
    auto writing = std::async(std::launch::async, [&] { function->write_config(0x04, 2, 0x0006); });
    EXPECT_EQ(writing.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
    // Others go on meanwhile.
    EXPECT_EQ(function->read_config(0x04, 2), 0x0002u);
    EXPECT_EQ(host->config().read16(0x04), 0x0002);

    progress->finish({});
    writing.get();

    EXPECT_EQ(host->config().read16(0x04), 0x0006);
    function->write_config(0x04, 2, 0x0002);
    function->write_config(0x04, 2, 0x0006);
    EXPECT_EQ(host->config().read16(0x04), 0x0006);
    function->shut_down();
}

TEST_F(DmaMappingTest, KeepsAFunctionOffTheBusIfMemoryWillNotBeThere) {
    const auto host = support::nvme_function();
    const auto plan = support::plan_of({host.get()});
    support::FakeBoard board;
    const auto progress = std::make_shared<DmaProgress>();
    progress->finish(fail(Error::Kind::Busy, "no"));
    const auto function = AssignedFunction::create(support::first_of(plan),
                                                   std::make_unique<support::FakeDevice>(*host),
                                                   board.parts(), progress)
                              .value();

    function->write_config(0x04, 2, 0x0006);

    EXPECT_EQ(host->config().read16(0x04) & 0x0004, 0);
    function->shut_down();
}

}  // namespace
}  // namespace tenon::vmm::assigned
