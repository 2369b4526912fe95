#include "base/listener.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace tenon {
namespace {

using namespace std::chrono_literals;

TEST(Listener, TellsWhoListensNow) {
    Listener<int(int)> listener;
    EXPECT_EQ(listener(1), 0);

    listener.set([](int told) { return told + 1; });
    EXPECT_EQ(listener(1), 2);
    listener.set({});
    EXPECT_EQ(listener(1), 0);
}

TEST(Listener, IsNotInAFunctionThatWasReplaced) {
    Listener<void()> listener;
    std::latch inside{1};
    std::latch may_return{1};
    std::atomic<bool> returned = false;
    listener.set([&] {
        inside.count_down();
        may_return.wait();
        returned = true;
    });
    const auto call = std::async(std::launch::async, [&] { listener(); });
    inside.wait();

    auto replaced = std::async(std::launch::async, [&] {
        listener.set([] {});
        return returned.load();
    });

    EXPECT_EQ(replaced.wait_for(50ms), std::future_status::timeout);
    listener();  // The new one, which nobody holds up.
    may_return.count_down();
    EXPECT_TRUE(replaced.get());
}

TEST(Listener, KeepsNothingOfAFunctionThatWasReplaced) {
    for (int round = 0; round < 200; ++round) {
        Listener<void()> listener;
        auto held = std::make_shared<int>(0);
        listener.set([held] {});
        std::atomic<bool> end = false;
        std::thread caller{[&] {
            while (!end)
                listener();
        }};

        listener.set({});
        EXPECT_EQ(held.use_count(), 1);

        end = true;
        caller.join();
    }
}

TEST(Listener, MayBeToldWhileItIsTold) {
    Listener<void()> listener;
    int calls = 0;
    listener.set([&] {
        if (++calls < 3) listener();
    });

    listener();
    EXPECT_EQ(calls, 3);
}

TEST(Listener, IsSetWhileManyTell) {
    Listener<void()> listener;
    std::atomic<bool> end = false;
    std::vector<std::thread> callers;
    callers.reserve(3);
    for (int n = 0; n < 3; ++n)
        callers.emplace_back([&] {
            while (!end)
                listener();
        });

    for (int round = 0; round < 300; ++round) {
        auto told = std::make_unique<int>(0);  // The thread sanitizer sees a call after its end.
        listener.set([&told] { std::atomic_ref{*told}.fetch_add(1); });
        listener.set({});
    }
    end = true;
    for (auto& caller : callers)
        caller.join();
}

}  // namespace
}  // namespace tenon
