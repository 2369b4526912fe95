// Guests that move BARs of several functions at once, on several vCPUs: for the thread sanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "tests/support/assigned_nvme.hpp"

namespace tenon::vmm::assigned {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Memory = support::FakeVm::Memory;

constexpr std::uint16_t command = 0x04;
constexpr std::uint16_t bar0 = 0x10;
// Command: memory decoding and bus mastering on.
constexpr std::uint16_t decoding = 0x0006;

constexpr std::array<std::uint64_t, 3> places{0xd0000000, 0xd0100000, 0xd0200000};

// Two functions with a BAR each, whose first register says which it is. Each reaches the other's
// by DMA.
class RacingBars : public testing::Test {
protected:
    RacingBars() {
        host_[0]->bar(0)[0] = std::byte{1};
        host_[1]->bar(0)[0] = std::byte{2};
        for (const auto& function : functions_)
            here_.push_back({.name = function->name(),
                             .device = &function->device(),
                             .space = &space_,
                             .memory_mapped = true,
                             .gives_files = true});
        board_.here = [this] { return here_; };
    }
    ~RacingBars() override {
        for (const auto& function : functions_)
            function->shut_down();
        here_.clear();
        board_.peers.settle();
    }
    RacingBars(const RacingBars&) = delete;
    RacingBars& operator=(const RacingBars&) = delete;

    std::shared_ptr<AssignedFunction> assign(std::size_t n) {
        return AssignedFunction::create(
                   std::make_shared<const model::slot::FunctionPlan>(plan_.ports[n]->functions[0]),
                   std::make_unique<support::FakeDevice>(*host_[n]), board_.parts())
            .value();
    }
    // As a guest does: decoding off, the address, decoding on.
    void place(std::size_t n, std::uint64_t at) const {
        functions_[n]->write_config(command, 2, 0);
        functions_[n]->write_config(bar0, 4, static_cast<std::uint32_t>(at));
        functions_[n]->write_config(command, 2, decoding);
    }
    // Who answers accesses that leave the guest.
    std::uint64_t who(std::uint64_t at) const { return board_.memory.read(at, 1); }
    // What the guest reaches without us.
    std::vector<Memory> mapped() const {
        std::vector<Memory> all;
        for (const auto& [slot, memory] : board_.vm.slots)
            all.push_back(memory);
        return all;
    }
    // What is mapped of a BAR that is in effect there: all before the MSI-X table.
    static Memory part(std::uint64_t at) { return {.at = at, .size = 0x2000}; }

    std::array<std::unique_ptr<support::FakeFunction>, 2> host_{support::nvme_function(),
                                                                support::nvme_function()};
    model::machine::MachinePlan plan_ = support::plan_of({host_[0].get(), host_[1].get()});
    support::Faults faults_;
    support::FakeAddressSpace space_{faults_};
    support::FakeBoard board_;
    std::vector<PeerMemory::Member> here_;
    std::array<std::shared_ptr<AssignedFunction>, 2> functions_{assign(0), assign(1)};
};

TEST_F(RacingBars, AreWhereTheGuestLeavesThem) {
    constexpr int rounds = 200;
    constexpr int moves = 4;
    std::atomic<bool> end = false;
    std::barrier moved{3};
    std::vector<std::thread> vcpus;
    for (const std::size_t n : {0u, 1u})
        vcpus.emplace_back([&, n] {
            for (int round = 0; round < rounds; ++round) {
                // Onto each other, in the other one's way, and away.
                for (int move = 0; move < moves; ++move)
                    place(n, places.at((static_cast<std::size_t>(move) + n) % places.size()));
                place(n, places.at(round % 2 == 0 ? n : 1 - n));
                moved.arrive_and_wait();
                moved.arrive_and_wait();  // It was looked at.
            }
        });
    std::thread reader{[&] {
        while (!end)
            for (const auto at : places)
                EXPECT_THAT(who(at), AnyOf(1u, 2u, 0xffu));
    }};

    for (int round = 0; round < rounds; ++round) {
        moved.arrive_and_wait();
        const auto first = places.at(round % 2 == 0 ? 0 : 1);
        const auto second = places.at(round % 2 == 0 ? 1 : 0);
        EXPECT_EQ(who(first), 1u) << round;
        EXPECT_EQ(who(second), 2u) << round;
        EXPECT_EQ(who(places[2]), 0xffu) << round;
        EXPECT_THAT(mapped(), UnorderedElementsAre(part(first), part(second))) << round;
        EXPECT_EQ(space_.bars().size(), 2u) << round;
        moved.arrive_and_wait();
    }
    for (auto& vcpu : vcpus)
        vcpu.join();
    end = true;
    reader.join();
}

TEST_F(RacingBars, LeaveOneInEffectWhereBothStay) {
    constexpr int rounds = 200;
    for (int round = 0; round < rounds; ++round) {
        std::barrier start{2};
        std::vector<std::thread> vcpus;
        for (const std::size_t n : {0u, 1u})
            vcpus.emplace_back([&, n] {
                place(n, places.at(n));
                start.arrive_and_wait();
                place(n, places[2]);
            });
        for (auto& vcpu : vcpus)
            vcpu.join();

        const auto winner = who(places[2]);
        ASSERT_THAT(winner, AnyOf(1u, 2u)) << round;
        EXPECT_THAT(mapped(), ElementsAre(part(places[2]))) << round;
        // The other one has waited for that place.
        place(winner - 1, places[0]);
        EXPECT_EQ(who(places[0]), winner) << round;
        EXPECT_EQ(who(places[2]), 3 - winner) << round;
    }
    for (const auto& function : functions_)
        function->write_config(command, 2, 0);
    EXPECT_THAT(mapped(), IsEmpty());
    EXPECT_THAT(space_.bars(), IsEmpty());
}

}  // namespace
}  // namespace tenon::vmm::assigned
