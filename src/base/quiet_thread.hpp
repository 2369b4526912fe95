// Threads that no signal of the process reaches.
#pragma once

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

#include "base/undo.hpp"

namespace tenon {

/// Starts a thread in which every signal is blocked but those that tell of its own faults: those
/// of the process stay with the thread that waits for them, whenever it began to. A signal that
/// nobody blocks would end the process, and nothing would be given back.
template <typename Function>
std::thread quiet_thread(Function function) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    // The kernel ends a process that blocks what it is told of itself, past any handler.
    for (const int own : {SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE})
        ::sigdelset(&all, own);
    // A thread begins with the mask of the one that makes it, so there is no moment in between.
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    Undo restore;
    restore.add([&] { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); });
    return std::thread{std::move(function)};
}

}  // namespace tenon
