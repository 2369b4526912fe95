#include "vmm/board/event_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>

namespace tenon::vmm::board {
namespace {

bool becomes(const std::atomic<int>& value, int wanted) {
    for (int n = 0; n < 60'000 && value != wanted; ++n)
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return value == wanted;
}

TEST(EventLoop, CallsBackForEachSignal) {
    const auto event = EventFd::create().value();
    std::atomic<int> calls{0};
    EventLoop loop;
    ASSERT_TRUE(loop.add(event.number(), [&] {
        if (event.take() != 0) ++calls;
    }));

    event.signal();
    EXPECT_TRUE(becomes(calls, 1));
    event.signal();

    EXPECT_TRUE(becomes(calls, 2));
}

TEST(EventLoop, ForgetsWhatWasRemovedAndKeepsTheOther) {
    const auto gone = EventFd::create().value();
    const auto kept = EventFd::create().value();
    std::atomic<int> calls{0};
    std::atomic<int> others{0};
    EventLoop loop;
    const auto token = loop.add(gone.number(), [&] {
        if (gone.take() != 0) ++calls;
    });
    ASSERT_TRUE(token);
    ASSERT_TRUE(loop.add(kept.number(), [&] {
        if (kept.take() != 0) ++others;
    }));

    loop.remove(*token);
    gone.signal();
    kept.signal();

    EXPECT_TRUE(becomes(others, 1));
    EXPECT_EQ(calls, 0);
}

// What runs may still hold what was removed.
TEST(EventLoop, SettlesWhenTheCallbackThatRunsHasReturned) {
    const auto event = EventFd::create().value();
    std::promise<void> entered;
    std::promise<void> go_on;
    std::atomic<bool> returned = false;
    EventLoop loop;
    const auto token = loop.add(event.number(), [&] {
        event.take();
        entered.set_value();
        go_on.get_future().wait();
        returned = true;
    });
    ASSERT_TRUE(token);
    event.signal();
    entered.get_future().wait();
    loop.remove(*token);

    auto settled = std::async(std::launch::async, [&] {
        loop.settle();
        return returned.load();
    });
    EXPECT_EQ(settled.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
    go_on.set_value();

    EXPECT_TRUE(settled.get());
}

TEST(EventLoop, SettlesAtOnceWhereNothingRunsAndForACallbackItself) {
    EventLoop loop;
    loop.settle();
    const auto event = EventFd::create().value();
    std::atomic<int> calls = 0;
    ASSERT_TRUE(loop.add(event.number(), [&] {
        if (event.take() == 0) return;
        loop.settle();
        ++calls;
    }));
    event.signal();

    EXPECT_TRUE(becomes(calls, 1));
    loop.settle();
}

TEST(EventLoop, RefusesAFileThatCannotBeWatched) {
    EventLoop loop;

    EXPECT_EQ(loop.add(-1, [] {}).error().os_error, EBADF);
}

TEST(EventTimer, CallsBackOnceAndCanBeSetAnew) {
    std::atomic<int> calls{0};
    EventLoop loop;
    EventTimer timer{loop};

    ASSERT_TRUE(timer.set(60'000, [&] { calls += 100; }));
    ASSERT_TRUE(timer.set(1, [&] { ++calls; }));

    EXPECT_TRUE(becomes(calls, 1));
}

}  // namespace
}  // namespace tenon::vmm::board
