// One thread that waits for events the kernel does not take care of itself, and calls back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/seal/thread.hpp"

namespace tenon::vmm::board {

/// Watches descriptors until it goes. Its thread is made with the first, or before. Thread-safe.
///
/// A callback runs on the loop's thread without any lock of the loop. It may still run once after
/// remove() came back from another thread: it has to look whether it is still wanted. Who lets go
/// of what callbacks use waits by settle() first.
class EventLoop {
public:
    using Callback = std::function<void()>;
    /// Names what was added.
    using Token = std::uint64_t;

    EventLoop() = default;
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    /// Makes its thread now, not with the first descriptor: who adds that may make none.
    /// Errors: errno of epoll(7).
    Result<void> begin() TENON_EXCLUDES(mutex_);

    /// Calls `callback` whenever `file` has something to read, as long as it has.
    /// The file stays the caller's and must not be closed before remove().
    /// Errors: errno of epoll(7).
    Result<Token> add(int file, Callback callback) TENON_EXCLUDES(mutex_);

    /// Forgets what add() was told. It does not wait for a callback that runs, so a lock that the
    /// callback takes may be held.
    void remove(Token token) TENON_EXCLUDES(mutex_);

    /// Returns when no callback runs that was running when it was called: none of what was removed
    /// runs any more, nor holds anything. To be called without a lock that a callback takes; a
    /// callback that calls it does not wait for itself.
    void settle() TENON_EXCLUDES(mutex_);

private:
    struct Watched {
        int file = -1;
        std::shared_ptr<const Callback> callback;
    };
    Result<void> start() TENON_REQUIRES(mutex_);
    void call(Token token) TENON_EXCLUDES(mutex_);
    void run() TENON_EXCLUDES(mutex_);

    Mutex mutex_ TENON_ACQUIRED_AFTER(order::last);
    Fd epoll_;  ///< Made before the thread, which reads it without the lock.
    std::optional<EventFd> end_;
    Token next_ TENON_GUARDED_BY(mutex_) = 1;
    std::map<Token, Watched> watched_ TENON_GUARDED_BY(mutex_);
    bool calling_ TENON_GUARDED_BY(mutex_) = false;     ///< A callback runs.
    std::uint64_t calls_ TENON_GUARDED_BY(mutex_) = 0;  ///< Callbacks that have returned.
    Condition called_;
    seal::Thread thread_ TENON_GUARDED_BY(mutex_);
};

/// A clock that calls back once after a time. Thread-safe as far as EventLoop is.
class EventTimer {
public:
    /// `loop` must outlive it.
    explicit EventTimer(EventLoop& loop) : loop_{loop} {}
    EventTimer(const EventTimer&) = delete;
    EventTimer& operator=(const EventTimer&) = delete;
    ~EventTimer();

    /// Calls `callback` after `milliseconds`; an earlier setting is forgotten.
    /// Errors: errno of timerfd(2) or epoll(7).
    Result<void> set(unsigned milliseconds, const EventLoop::Callback& callback);

private:
    EventLoop& loop_;
    std::shared_ptr<const Fd> file_;  ///< Shared with a callback that may still run.
    std::optional<EventLoop::Token> token_;
};

}  // namespace tenon::vmm::board
