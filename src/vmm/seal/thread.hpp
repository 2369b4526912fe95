// Threads of a machine. Before the process is sealed none begins: what a process gives up, it gives
// up thread by thread, and a new thread has what its maker had.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "vmm/seal/thread_kind.hpp"

namespace tenon::vmm::seal {

/// A thread of a kind, in which signals are blocked (base/quiet_thread.hpp). It begins at once,
/// or, while a Hold lasts, when that ends. Movable only; to be joined or detached before it goes.
class Thread {
public:
    using Work = std::move_only_function<void()>;

    Thread() = default;

    /// Errors: std::system_error where the host gives no thread.
    static Thread start(ThreadKind kind, Work work);

    bool joinable() const { return state_ != nullptr; }

    /// Whether it has not begun.
    bool held() const;

    /// Waits for its end. One that has not begun does its work here and now.
    void join();

    /// Leaves it to itself. One that has not begun never does.
    void detach();

    /// Whether it is who asks.
    bool is_this() const;

private:
    friend class Hold;
    struct State;
    static void begin(const std::shared_ptr<State>& state);
    static void hold(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

/// While it lasts no Thread begins. One at a time in a process, of the thread that makes threads
/// then.
class Hold {
public:
    Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { end(); }

    /// Those that were held and are still wanted begin.
    void end();
};

}  // namespace tenon::vmm::seal
