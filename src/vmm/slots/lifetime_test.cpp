// Who lives how long while functions leave: whoever is in an access, the plans, the memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/hot_plug_bench.hpp"

namespace tenon::vmm::slots {
namespace {

using support::HotPlugBench;

constexpr std::uint64_t bar = 0xd0000000;
constexpr std::uint64_t trapped = bar + 0x2000;  // The page of the MSI-X table.

// A guest gives the function in slot 0 of port 0 a place, and lets it answer.
void decode(HotPlugBench& bench) {
    bench.topology().write({.bus = 1, .devfn = 0, .offset = 0x10}, 4, bar);
    bench.topology().write({.bus = 1, .devfn = 0, .offset = 0x04}, 2, 0x0006);
}

// A vCPU in an access to a BAR holds the function, and nothing else.
TEST(Lifetime, AFunctionKeepsItsPlanForWhoIsInAnAccess) {
    HotPlugBench bench;
    bench.start_driver();
    ASSERT_TRUE(bench.add(0, 0));
    decode(bench);
    auto held = bench.chassis().functions().at(0);
    const std::weak_ptr plan = bench.chassis().plans().at(0);

    ASSERT_TRUE(bench.hot_plug().pull_out("f0"));

    ASSERT_FALSE(plan.expired());
    // Whatever is there now: only that it is safe counts.
    [[maybe_unused]] const auto value = held->read_bar(0, 0x2100, 4);
    held->write_bar(0, 0x2100, 4, 1);
    held.reset();
    EXPECT_TRUE(plan.expired());
}

// The plan that it came with goes when its slot gets another one; what goes by the first stays.
TEST(Lifetime, AFunctionThatWaitedKeepsThePlanThatItCameWith) {
    HotPlugBench bench;
    bench.start_driver();
    ASSERT_TRUE(bench.add(1, 1));
    const std::weak_ptr came_with = bench.chassis().plans().at(0);
    ASSERT_TRUE(bench.add(0, 0));
    ASSERT_FALSE(came_with.expired());
    auto held = bench.chassis().functions().at(0);

    ASSERT_TRUE(bench.hot_plug().pull_out("f0"));

    ASSERT_FALSE(came_with.expired());
    held->unplace();
    [[maybe_unused]] const auto value = held->read_bar(0, 0x2100, 4);
    held.reset();
    EXPECT_TRUE(came_with.expired());
}

TEST(Lifetime, AFunctionIsPulledOutWhileVcpusHammerIt) {
    HotPlugBench bench;
    bench.start_driver();
    std::atomic<bool> end = false;
    std::vector<std::thread> vcpus;
    for (unsigned n = 0; n < 2; ++n)
        vcpus.emplace_back([&] {
            while (!end) {
                bench.board().memory.write(trapped + 12, 4, 1);
                [[maybe_unused]] const auto value = bench.board().memory.read(trapped + 0x100, 4);
            }
        });
    for (unsigned round = 0; round < 16; ++round) {
        // Another one each time: who is in an access still has the last one open.
        const auto n = round % HotPlugBench::most;
        ASSERT_TRUE(bench.add(n, 0)) << round;
        decode(bench);
        while (bench.board().memory.read(trapped + 0x100, 4) == 0xffffffff)
            std::this_thread::yield();
        ASSERT_TRUE(bench.hot_plug().pull_out(fmt::format("f{}", n))) << round;
        bench.clear_events();
    }
    end = true;
    for (auto& vcpu : vcpus)
        vcpu.join();
}

// The event thread is in a callback that holds a function, as each callback of a function does.
TEST(Lifetime, AFunctionLeavesWhenNoCallbackHoldsItAnyMore) {
    HotPlugBench bench;
    bench.start_driver();
    ASSERT_TRUE(bench.add(0, 0));
    const auto event = EventFd::create().value();
    std::promise<void> entered;
    std::promise<void> go_on;
    const auto token = bench.board().events.add(
        event.number(), [&, weak = std::weak_ptr{bench.chassis().functions().at(0)}] {
            const auto held = weak.lock();
            event.take();
            entered.set_value();
            go_on.get_future().wait();
        });
    ASSERT_TRUE(token);
    event.signal();
    entered.get_future().wait();
    bench.board().events.remove(*token);

    auto leaving = std::async(std::launch::async, [&] { return bench.hot_plug().pull_out("f0"); });
    EXPECT_EQ(leaving.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
    go_on.set_value();

    EXPECT_TRUE(leaving.get());
    EXPECT_EQ(bench.function(0).opened(), 0u);
}

// Calls `leave` with a function in the machine that masters the bus. Whether it did so when memory
// was taken from it.
template <typename Leave>
bool mastered_at_unmap(Leave leave) {
    auto bench = std::make_unique<HotPlugBench>();
    unsigned pieces = 0;
    bool mastered = false;
    bench->before_unmap([&, &function = bench->function(0)] {
        ++pieces;
        mastered = mastered || (function.config().read16(0x04) & 0x0004) != 0;
    });
    bench->start_driver();
    EXPECT_TRUE(bench->add(0, 0));
    decode(*bench);
    EXPECT_EQ(bench->function(0).config().read16(0x04) & 0x0004, 0x0004);
    leave(bench);
    EXPECT_GE(pieces, 1u);
    return mastered;
}

TEST(Lifetime, NoFunctionMastersTheBusWhenMemoryGoes) {
    EXPECT_FALSE(mastered_at_unmap([](auto& bench) { bench.reset(); })) << "the end";
    EXPECT_FALSE(mastered_at_unmap([](auto& bench) {
        EXPECT_TRUE(bench->hot_plug().pull_out("f0"));
    })) << "pulled out";
    EXPECT_FALSE(mastered_at_unmap([](auto& bench) {
        const auto in_an_access = bench->chassis().functions();
        EXPECT_TRUE(bench->hot_plug().pull_out("f0"));
    })) << "pulled out while a vCPU is in an access";
}

TEST(Lifetime, NoFunctionOutlivesItsMemoryInTheTopology) {
    HotPlugBench bench;
    ASSERT_TRUE(bench.add(0, 0));
    bench.end();
    EXPECT_EQ(bench.function(0).opened(), 0u);
    EXPECT_TRUE(bench.chassis().functions().empty());
}

constexpr std::uint64_t three_gib = 3ull << 30;

TEST(Lifetime, AHotPlugIsCancelledWhileMemoryIsMapped) {
    HotPlugBench bench{std::chrono::seconds{30}, {{.name = "rp0"}}, three_gib};
    unsigned pieces = 0;
    bench.before_map([&] {
        if (++pieces == 1) bench.assignment().stop_waiting();
    });

    const auto added = bench.add(0, 0);

    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, Error::Kind::Busy);
    EXPECT_EQ(pieces, 1u);
    EXPECT_EQ(bench.function(0).opened(), 0u);
    EXPECT_TRUE(bench.opened().interfaces().empty());
}

TEST(Lifetime, AHotPlugAtTheEndMapsNoMemory) {
    HotPlugBench bench{std::chrono::seconds{30}, {{.name = "rp0"}}, three_gib};
    unsigned pieces = 0;
    bench.before_map([&] { ++pieces; });
    bench.assignment().stop_waiting();

    EXPECT_FALSE(bench.add(0, 0));

    EXPECT_EQ(pieces, 0u);
    EXPECT_EQ(bench.function(0).opened(), 0u);
}

}  // namespace
}  // namespace tenon::vmm::slots
