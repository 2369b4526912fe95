#include "vmm/board/output_queue.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "vmm/board/lock_order.hpp"

namespace tenon::vmm::board {
namespace {

using Clock = std::chrono::steady_clock;

// Twice the FIFO of a 16550A: below this a controller says that its transmitter is busy.
constexpr std::size_t reserve = 32;

// What those who were told not to wait leave beyond the capacity: one access of a vCPU is a string
// of 4096 bytes at most. It bounds what a guest that is paused over and over can leave.
constexpr std::size_t beyond = 4096;

// A pipe that says it can be written to takes as much without a wait (PIPE_BUF).
constexpr std::size_t most_at_once = 4096;

}  // namespace

class OutputQueue::Queue {
public:
    Queue(Fd file, EventFd give_up, std::function<void()> room, OutputPatience patience)
        : file_{std::move(file)},
          give_up_{std::move(give_up)},
          patience_{patience},
          room_{std::move(room)} {}

    void put(std::uint8_t byte) {
        const MutexLock lock{mutex_};
        const auto begin = Clock::now();
        while (bytes_.size() >= capacity && may_wait_ && !unread_ && !ending_) {
            if (!changed_.wait_until(mutex_, std::max(begin, last_read_) + patience_.reader))
                unread_ = Clock::now() >= std::max(begin, last_read_) + patience_.reader;
        }
        if (ending_ || bytes_.size() >= capacity + (may_wait_ ? 0 : beyond)) return;
        bytes_.push_back(byte);
        changed_.wake();
    }

    bool try_put(std::string_view text) {
        const MutexLock lock{mutex_};
        if (ending_ || text.size() > capacity || bytes_.size() > capacity - text.size())
            return false;
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        changed_.wake();
        return true;
    }

    bool has_room() {
        const MutexLock lock{mutex_};
        told_busy_ = !room_now();
        return !told_busy_;
    }

    void let_wait(bool may) {
        const MutexLock lock{mutex_};
        may_wait_ = may;
        changed_.wake();
    }

    // The thread: out of the queue into the file.
    void serve() {
        std::vector<std::uint8_t> part;
        MutexLock lock{mutex_};
        for (;;) {
            while (bytes_.empty() && !ending_)
                changed_.wait(mutex_);
            if (bytes_.empty() || abandoned_) break;
            const auto count = std::min(bytes_.size(), most_at_once);
            part.assign(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count));
            lock.unlock();
            const auto taken = send(part);
            lock.lock();
            if (taken == 0) continue;
            take_away(taken);
            if (!told_busy_ || !room_now()) continue;
            told_busy_ = false;
            calling_ = true;
            const auto tell = room_;
            lock.unlock();
            if (tell) tell();
            lock.lock();
            calling_ = false;
            changed_.wake();
        }
        done_ = true;
        changed_.wake();
    }

    // Whether the thread has ended. If not, the file holds it, and it calls nobody any more.
    bool finish() {
        const MutexLock lock{mutex_};
        ending_ = true;
        changed_.wake();
        if (done_by(Clock::now() + patience_.farewell)) return true;
        abandoned_ = true;
        room_ = {};
        give_up_.signal();
        while (calling_)
            changed_.wait(mutex_);
        return done_by(Clock::now() + patience_.farewell / 2);
    }

private:
    bool room_now() const TENON_REQUIRES(mutex_) { return bytes_.size() + reserve <= capacity; }

    bool done_by(Clock::time_point end) TENON_REQUIRES(mutex_) {
        while (!done_)
            if (!changed_.wait_until(mutex_, end)) return done_;
        return true;
    }

    void take_away(std::size_t count) TENON_REQUIRES(mutex_) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count));
        last_read_ = Clock::now();
        unread_ = false;
        changed_.wake();
    }

    // How many bytes the file has taken; all of them if it will never take any.
    std::size_t send(std::span<const std::uint8_t> part) const {
        std::array files{pollfd{.fd = file_.number(), .events = POLLOUT, .revents = 0},
                         pollfd{.fd = give_up_.number(), .events = POLLIN, .revents = 0}};
        if (::poll(files.data(), files.size(), -1) < 0) return errno == EINTR ? 0 : part.size();
        if (files[1].revents != 0) return 0;
        const auto count = ::write(file_.number(), part.data(), part.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        return errno == EAGAIN || errno == EINTR ? 0 : part.size();
    }

    const Fd file_;
    const EventFd give_up_;
    const OutputPatience patience_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(order::last);
    Condition changed_;  ///< Something of what follows did.
    std::function<void()> room_ TENON_GUARDED_BY(mutex_);
    std::deque<std::uint8_t> bytes_ TENON_GUARDED_BY(mutex_);
    Clock::time_point last_read_ TENON_GUARDED_BY(mutex_) = Clock::now();
    bool may_wait_ TENON_GUARDED_BY(mutex_) = true;
    bool unread_ TENON_GUARDED_BY(mutex_) = false;     ///< A wait was in vain, nothing read since.
    bool told_busy_ TENON_GUARDED_BY(mutex_) = false;  ///< has_room() said no, nobody told since.
    bool calling_ TENON_GUARDED_BY(mutex_) = false;    ///< The thread is in room_.
    bool ending_ TENON_GUARDED_BY(mutex_) = false;
    bool abandoned_ TENON_GUARDED_BY(mutex_) = false;  ///< What is left is lost.
    bool done_ TENON_GUARDED_BY(mutex_) = false;       ///< The thread is at its end.
};

Result<std::unique_ptr<OutputQueue>> OutputQueue::start(int file, std::function<void()> room,
                                                        OutputPatience patience) {
    // A file of our own: a thread that is left behind must not write into another one's.
    Fd own{::fcntl(file, F_DUPFD_CLOEXEC, 3)};
    if (!own) return fail_system(errno, "an output");
    TENON_TRY(give_up, EventFd::create(), "starting an output");
    auto queue =
        std::make_shared<Queue>(std::move(own), std::move(give_up), std::move(room), patience);
    return std::unique_ptr<OutputQueue>{new OutputQueue{std::move(queue)}};
}

OutputQueue::OutputQueue(std::shared_ptr<Queue> queue)
    : queue_{std::move(queue)},
      thread_{seal::Thread::start(seal::ThreadKind::Output, [queue = queue_] { queue->serve(); })} {
}

OutputQueue::~OutputQueue() { finish(); }

void OutputQueue::put(std::uint8_t byte) { queue_->put(byte); }
bool OutputQueue::try_put(std::string_view text) { return queue_->try_put(text); }
bool OutputQueue::has_room() const { return queue_->has_room(); }
void OutputQueue::stop_waiting() { queue_->let_wait(false); }
void OutputQueue::allow_waiting() { queue_->let_wait(true); }

void OutputQueue::finish() {
    if (!thread_.joinable()) return;
    // One that never began has nobody to wait for.
    if (!thread_.held() && queue_->finish())
        thread_.join();
    else
        thread_.detach();  // In write(2), which nothing but its reader ends.
}

}  // namespace tenon::vmm::board
