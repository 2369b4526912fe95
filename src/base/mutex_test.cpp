#include "base/mutex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace tenon {
namespace {

using namespace std::chrono_literals;

// Whether another thread gets the lock now.
bool is_free(Mutex& mutex) {
    bool taken = false;
    std::thread{[&] {
        if (!mutex.try_lock()) return;
        taken = true;
        mutex.unlock();
    }}.join();
    return taken;
}

TEST(MutexLock, HoldsUntilItsEnd) {
    Mutex mutex;
    {
        const MutexLock lock{mutex};
        EXPECT_FALSE(is_free(mutex));
    }
    EXPECT_TRUE(is_free(mutex));
}

TEST(MutexLock, IsGivenBackEarlyAndOnce) {
    Mutex mutex;
    {
        MutexLock lock{mutex};
        lock.unlock();
        EXPECT_TRUE(is_free(mutex));
    }
    EXPECT_TRUE(is_free(mutex));
}

TEST(MutexLock, IsTakenAgain) {
    Mutex mutex;
    {
        MutexLock lock{mutex};
        lock.unlock();
        lock.lock();
        EXPECT_FALSE(is_free(mutex));
    }
    EXPECT_TRUE(is_free(mutex));
}

struct Mailbox {
    Mutex mutex;
    Condition changed;
    int letters TENON_GUARDED_BY(mutex) = 0;

    void put() TENON_EXCLUDES(mutex) {
        const MutexLock lock{mutex};
        ++letters;
        changed.wake();
    }
    int wait_for(int wanted) TENON_EXCLUDES(mutex) {
        const MutexLock lock{mutex};
        while (letters < wanted)
            changed.wait(mutex);
        return letters;
    }
};

TEST(Condition, WakesWhoWaits) {
    Mailbox box;
    std::thread sender{[&] {
        box.put();
        box.put();
    }};

    EXPECT_EQ(box.wait_for(2), 2);

    sender.join();
}

TEST(Condition, HasTheMutexAgainAfterItsEnd) {
    Mutex mutex;
    Condition never;
    const MutexLock lock{mutex};

    // It may wake without a reason, and before its time.
    while (never.wait_until(mutex, std::chrono::steady_clock::now() + 1ms)) {
    }

    EXPECT_FALSE(is_free(mutex));
}

TEST(SharedMutex, LetsReadersInTogether) {
    SharedMutex mutex;
    const ReaderLock first{mutex};
    bool second = false;

    std::thread{[&] {
        const ReaderLock lock{mutex};
        second = true;
    }}.join();

    EXPECT_TRUE(second);
}

TEST(SharedMutex, KeepsWritersApart) {
    SharedMutex mutex;
    int count = 0;
    std::array<std::thread, 4> writers;
    for (auto& one : writers)
        one = std::thread([&] {
            for (int m = 0; m < 1000; ++m) {
                const WriterLock lock{mutex};
                ++count;
            }
        });
    for (auto& writer : writers)
        writer.join();

    EXPECT_EQ(count, 4000);
}

}  // namespace
}  // namespace tenon
