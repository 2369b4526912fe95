#include "base/quiet_thread.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

bool blocked(int signal) {
    sigset_t set;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &set);
    return ::sigismember(&set, signal) == 1;
}

TEST(QuietThread, BlocksEverySignal) {
    bool term = false;
    bool hup = false;
    quiet_thread([&] {
        term = blocked(SIGTERM);
        hup = blocked(SIGHUP);
    }).join();

    EXPECT_TRUE(term);
    EXPECT_TRUE(hup);
}

TEST(QuietThread, LeavesTheCallersSignalsAlone) {
    quiet_thread([] {}).join();

    EXPECT_FALSE(blocked(SIGTERM));
}

}  // namespace
}  // namespace tenon
