// The thread that talks to one back end, so that no vCPU does. It notices when the back end goes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "base/event_fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/seal/thread.hpp"
#include "vmm/virtio/session.hpp"

namespace tenon::vmm::virtio {

/// Owns the session. Thread-safe.
class Worker {
public:
    /// `lost` is called once, from its thread, when the back end has gone or broken a rule.
    /// Errors: errno of eventfd(2).
    static Result<std::unique_ptr<Worker>> start(Session session,
                                                 std::function<void(const Error&)> lost);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    /// Does what was asked of it first.
    ~Worker();

    /// Something to do.
    struct Task {
        /// Left out when there is no back end any more. An error but Denied is the end of it.
        std::move_only_function<Result<void>(Session&)> work;
        /// In any case.
        std::move_only_function<void()> after = {};
    };

    /// Has it done by the thread, one after the other.
    void post(Task task) TENON_EXCLUDES(mutex_);

private:
    Worker(Session session, EventFd wake, std::function<void(const Error&)> lost)
        : session_{std::move(session)}, wake_{std::move(wake)}, lost_{std::move(lost)} {}
    void run();
    void wait() const;
    void carry_out(Task& task);
    void look_at_socket();
    void lose(const Error& why);
    std::optional<Task> next() TENON_EXCLUDES(mutex_);
    bool ended() TENON_EXCLUDES(mutex_);

    std::optional<Session> session_;  ///< Of the thread.
    EventFd wake_;
    std::function<void(const Error&)> lost_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);
    std::deque<Task> tasks_ TENON_GUARDED_BY(mutex_);
    bool ending_ TENON_GUARDED_BY(mutex_) = false;
    seal::Thread thread_;
};

}  // namespace tenon::vmm::virtio
