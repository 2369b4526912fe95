// Locks that a compiler watches over: std::mutex and its like with the annotations of
// lock_annotations.hpp.
//
// There is no way to wait with a predicate: the analysis does not see which lock a lambda's caller
// holds. Loops do:
//
//     const MutexLock lock{mutex_};
//     while (!ready_) changed_.wait(mutex_);
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "base/lock_annotations.hpp"

namespace tenon {

/// A lock that one thread holds at a time; its owner does not take it again.
class TENON_CAPABILITY("mutex") Mutex {
public:
    Mutex() = default;
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void lock() TENON_ACQUIRE() { mutex_.lock(); }
    void unlock() TENON_RELEASE() { mutex_.unlock(); }

    /// Takes it if nobody has it.
    [[nodiscard]] bool try_lock() TENON_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

    /// Tells the analysis that it is held where only who calls can know it; does nothing.
    void assume_held() const TENON_ASSUMES() {}

private:
    friend class Condition;
    std::mutex mutex_;
};

/// Holds a Mutex from its making to its end.
class TENON_SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex& mutex) TENON_ACQUIRE(mutex) : mutex_{mutex} { mutex_.lock(); }
    ~MutexLock() TENON_RELEASE() {
        if (held_) mutex_.unlock();
    }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

    /// Gives the lock back before the end of the scope, and takes it again.
    void unlock() TENON_RELEASE() {
        mutex_.unlock();
        held_ = false;
    }
    void lock() TENON_ACQUIRE() {
        mutex_.lock();
        held_ = true;
    }

private:
    Mutex& mutex_;
    bool held_ = true;
};

/// What threads wait for while they hold a Mutex. All of them wake, also without a reason: ask
/// again in a loop.
class Condition {
public:
    Condition() = default;
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    /// Gives `mutex` back, waits for wake(), and has it again at its return.
    void wait(Mutex& mutex) TENON_REQUIRES(mutex) {
        std::unique_lock lock{mutex.mutex_, std::adopt_lock};
        condition_.wait(lock);
        lock.release();
    }

    /// The same up to a moment; false: it has come.
    [[nodiscard]] bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point end)
        TENON_REQUIRES(mutex) {
        std::unique_lock lock{mutex.mutex_, std::adopt_lock};
        const auto status = condition_.wait_until(lock, end);
        lock.release();
        return status == std::cv_status::no_timeout;
    }

    /// Wakes all that wait now. What they wait for was changed with the mutex held, or they may
    /// miss it.
    void wake() noexcept { condition_.notify_all(); }

private:
    std::condition_variable condition_;
};

/// A lock that many readers hold together, or one writer alone.
class TENON_CAPABILITY("shared mutex") SharedMutex {
public:
    SharedMutex() = default;
    SharedMutex(const SharedMutex&) = delete;
    SharedMutex& operator=(const SharedMutex&) = delete;

    void lock() TENON_ACQUIRE() { mutex_.lock(); }
    void unlock() TENON_RELEASE() { mutex_.unlock(); }
    void lock_shared() TENON_ACQUIRE_SHARED() { mutex_.lock_shared(); }
    void unlock_shared() TENON_RELEASE_SHARED() { mutex_.unlock_shared(); }

private:
    std::shared_mutex mutex_;
};

/// Holds a SharedMutex alone.
class TENON_SCOPED_CAPABILITY WriterLock {
public:
    explicit WriterLock(SharedMutex& mutex) TENON_ACQUIRE(mutex) : mutex_{mutex} { mutex_.lock(); }
    ~WriterLock() TENON_RELEASE() { mutex_.unlock(); }
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;

private:
    SharedMutex& mutex_;
};

/// Holds a SharedMutex together with other readers.
class TENON_SCOPED_CAPABILITY ReaderLock {
public:
    explicit ReaderLock(SharedMutex& mutex) TENON_ACQUIRE_SHARED(mutex) : mutex_{mutex} {
        mutex_.lock_shared();
    }
    ~ReaderLock() TENON_RELEASE_ANY() { mutex_.unlock_shared(); }
    ReaderLock(const ReaderLock&) = delete;
    ReaderLock& operator=(const ReaderLock&) = delete;

private:
    SharedMutex& mutex_;
};

/// A place in the order of locks, for classes that do not see each other's: never taken, only
/// named, by one lock with TENON_ACQUIRED_BEFORE and by another with TENON_ACQUIRED_AFTER.
class TENON_CAPABILITY("lock order") LockOrder {};

}  // namespace tenon
