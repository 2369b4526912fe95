#include "vmm/assigned/bars.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/fake_slots.hpp"

namespace tenon::vmm::assigned {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint16_t command = 0x04;
constexpr std::uint16_t bar0 = 0x10;
// Command: memory decoding and bus mastering on.
constexpr std::uint16_t decoding = 0x0006;

// Two functions with a BAR each, whose first register says which it is.
class TwoFunctions : public testing::Test {
protected:
    static constexpr std::uint64_t first_at = 0xd0000000;
    static constexpr std::uint64_t second_at = 0xd0100000;

    TwoFunctions() {
        host_[0]->bar(0)[0] = std::byte{1};
        host_[1]->bar(0)[0] = std::byte{2};
        place(*first_, first_at);
        place(*second_, second_at);
    }
    ~TwoFunctions() override {
        first_->shut_down();
        second_->shut_down();
    }
    TwoFunctions(const TwoFunctions&) = delete;
    TwoFunctions& operator=(const TwoFunctions&) = delete;

    std::shared_ptr<AssignedFunction> assign(std::size_t n) {
        return AssignedFunction::create(
                   std::make_shared<const model::slot::FunctionPlan>(plan_.ports[n]->functions[0]),
                   std::make_unique<support::FakeDevice>(*host_[n]), board_.parts())
            .value();
    }
    static void place(AssignedFunction& function, std::uint64_t at) {
        function.write_config(bar0, 4, static_cast<std::uint32_t>(at));
        function.write_config(command, 2, decoding);
    }
    // Who answers accesses that leave the guest.
    std::uint64_t who(std::uint64_t at) const { return board_.memory.read(at, 1); }
    // Whether the guest reaches that place without us.
    bool mapped(std::uint64_t at) const {
        return std::ranges::any_of(board_.vm.slots, [at](const auto& slot) {
            return at >= slot.second.at && at - slot.second.at < slot.second.size;
        });
    }

    std::array<std::unique_ptr<support::FakeFunction>, 2> host_{support::nvme_function(),
                                                                support::nvme_function()};
    model::machine::MachinePlan plan_ = support::plan_of({host_[0].get(), host_[1].get()});
    support::FakeBoard board_;
    std::shared_ptr<AssignedFunction> first_ = assign(0);
    std::shared_ptr<AssignedFunction> second_ = assign(1);
};

TEST_F(TwoFunctions, AreBothWhereTheGuestHasThem) {
    EXPECT_EQ(who(first_at), 1u);
    EXPECT_EQ(who(second_at), 2u);
    EXPECT_TRUE(mapped(first_at));
    EXPECT_TRUE(mapped(second_at));
}

TEST_F(TwoFunctions, LeaveAPlaceToWhoHadItFirst) {
    place(*first_, second_at);

    EXPECT_EQ(who(second_at), 2u);
    EXPECT_THAT(board_.vm.slots, SizeIs(1));
    EXPECT_EQ(who(first_at), 0xffu);
}

// The one that came second decodes all the time: nothing of it is written again.
TEST_F(TwoFunctions, AppearWhenWhatWasInTheWayMovesOn) {
    place(*first_, second_at);

    place(*second_, first_at);

    EXPECT_EQ(who(second_at), 1u);
    EXPECT_EQ(who(first_at), 2u);
    EXPECT_TRUE(mapped(first_at));
    EXPECT_TRUE(mapped(second_at));
}

TEST_F(TwoFunctions, AppearWhenWhatWasInTheWayStopsToDecode) {
    place(*first_, second_at);

    second_->write_config(command, 2, 0);

    EXPECT_EQ(who(second_at), 1u);
    EXPECT_TRUE(mapped(second_at));
}

TEST_F(TwoFunctions, StayAwayOnceTheyStoppedToWait) {
    place(*first_, second_at);
    first_->write_config(command, 2, 0);

    second_->write_config(command, 2, 0);

    EXPECT_EQ(who(second_at), 0xffu);
    EXPECT_THAT(board_.vm.slots, IsEmpty());
}

TEST_F(TwoFunctions, SayOnceThatAPlaceIsTaken) {
    testing::internal::CaptureStderr();
    for (unsigned round = 0; round < 3; ++round) {
        const auto taken = second_at + round * std::uint64_t{0x100000};
        place(*second_, taken);
        place(*first_, taken);
        place(*first_, first_at);
    }

    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, HasSubstr("BAR 0 of dev0"));
    EXPECT_EQ(std::ranges::count(said, '\n'), 1);
}

TEST_F(TwoFunctions, ReachEachOtherByDmaWhereTheyAreInEffect) {
    support::Faults faults;
    support::FakeAddressSpace space{faults};
    std::vector<PeerMemory::Member> here;
    for (auto* const function : {first_.get(), second_.get()}) {
        function->write_config(command, 2, 0);
        here.push_back({.name = function->name(),
                        .device = &function->device(),
                        .space = &space,
                        .memory_mapped = true,
                        .gives_files = true});
    }
    board_.here = [&here] { return here; };
    place(*second_, second_at);
    place(*first_, second_at);
    EXPECT_THAT(space.bars(), SizeIs(1));

    place(*second_, first_at);

    EXPECT_THAT(space.bars(), SizeIs(2));
    here.clear();
    board_.peers.settle();
}

TEST_F(TwoFunctions, LoseTheirMappingsOnlyWhereTheGuestMetTheFault) {
    EXPECT_FALSE(second_->withdraw(GuestAddress{first_at + 0x1000}));
    EXPECT_TRUE(first_->withdraw(GuestAddress{first_at + 0x1000}));

    EXPECT_FALSE(mapped(first_at));
    EXPECT_TRUE(mapped(second_at));
    EXPECT_EQ(who(first_at), 1u);
    // A second vCPU that met it at the same time.
    EXPECT_FALSE(first_->withdraw(GuestAddress{first_at}));
}

// The second page of the BAR has the MSI-X table: it is not mapped, and cannot fault.
TEST_F(TwoFunctions, KeepTheirMappingsWhenATrappedPageIsNamed) {
    EXPECT_FALSE(first_->withdraw(GuestAddress{first_at + 0x2000}));

    EXPECT_TRUE(mapped(first_at));
}

TEST_F(TwoFunctions, AreMappedAgainWhereTheGuestPlacesThemNext) {
    first_->withdraw(std::nullopt);
    ASSERT_FALSE(mapped(first_at));

    first_->write_config(command, 2, 0);
    first_->write_config(command, 2, decoding);

    EXPECT_TRUE(mapped(first_at));
}

TEST_F(TwoFunctions, AreMappedAgainAfterAReset) {
    first_->withdraw(std::nullopt);

    ASSERT_TRUE(first_->write_config(0x88, 2, 0x8000).reset);
    support::FakeSlots{plan_, board_}.resets.reset({first_});
    place(*first_, first_at);

    EXPECT_TRUE(mapped(first_at));
}

// That another one left is no word of the guest's about this one.
TEST_F(TwoFunctions, StayTrappedWhenOnlyTheOtherOneMoves) {
    first_->withdraw(std::nullopt);

    place(*second_, first_at);
    place(*second_, second_at);

    EXPECT_EQ(who(first_at), 1u);
    EXPECT_FALSE(mapped(first_at));
}

}  // namespace
}  // namespace tenon::vmm::assigned
