// Commands that take time, beside the thread that talks to clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/mutex.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/control/qmp_session.hpp"
#include "vmm/seal/thread.hpp"

namespace tenon::vmm::control {

/// Carries out each work on a thread of its own. All calls come from one thread.
class QmpWorkers {
public:
    static constexpr std::size_t most = 16;  ///< At once.

    /// What became of a client's work.
    struct Done {
        std::uint64_t client = 0;
        Result<nlohmann::json> result;
    };

    /// `wake` is called from any thread when there is something for take(), until the workers' end.
    explicit QmpWorkers(std::function<void()> wake) : wake_{std::move(wake)} {}
    QmpWorkers(const QmpWorkers&) = delete;
    QmpWorkers& operator=(const QmpWorkers&) = delete;
    /// Waits until all works are done.
    ~QmpWorkers();

    /// Whether one more may begin.
    bool has_room() const { return threads_.size() < most; }

    /// Begins a work for a client, of which take() tells the end. Where the host gives no thread,
    /// that is an error.
    void begin(std::uint64_t client, QmpWork work);

    /// What was done since the last time.
    std::vector<Done> take();

private:
    void finish(std::uint64_t number, Done done);

    std::function<void()> wake_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, seal::Thread> threads_;

    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);  ///< Held for a moment only.
    std::map<std::uint64_t, Done> done_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::control
