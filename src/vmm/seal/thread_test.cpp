#include "vmm/seal/thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <string>

namespace tenon::vmm::seal {
namespace {

TEST(Thread, HasTheNameOfItsKind) {
    std::array<char, 16> name{};
    auto thread = Thread::start(ThreadKind::HotPlug, [&] {
        ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    });
    thread.join();
    EXPECT_STREQ(name.data(), "tenon-hot-plug");
}

TEST(Thread, KnowsItself) {
    Thread thread;
    std::atomic<bool> made = false;
    std::atomic<bool> own = false;
    thread = Thread::start(ThreadKind::Events, [&] {
        while (!made) {
        }
        own = thread.is_this();
    });
    EXPECT_FALSE(thread.is_this());
    made = true;
    thread.join();
    EXPECT_TRUE(own);
    EXPECT_FALSE(thread.joinable());
}

TEST(Thread, BeginsWhenTheHoldEnds) {
    std::atomic<bool> ran = false;
    Hold hold;
    auto thread = Thread::start(ThreadKind::Output, [&] { ran = true; });
    EXPECT_TRUE(thread.held());
    EXPECT_FALSE(ran);
    hold.end();
    EXPECT_FALSE(thread.held());
    thread.join();
    EXPECT_TRUE(ran);
}

// A start that fails: what it was to do before its end is done.
TEST(Thread, DoesItsWorkWhereItIsJoinedIfItNeverBegan) {
    std::thread::id where;
    const Hold hold;
    auto thread = Thread::start(ThreadKind::Backend, [&] { where = std::this_thread::get_id(); });
    thread.join();
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(Thread, NeverBeginsOnceItWasLeftToItselfWhileHeld) {
    bool ran = false;
    Hold hold;
    auto thread = Thread::start(ThreadKind::Output, [&] { ran = true; });
    thread.detach();
    hold.end();
    EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace tenon::vmm::seal
