// Guest memory as the functions of one address space reach it by DMA.
//
// To map it, the kernel clears and pins all of it, which takes longer than all else of a start. So
// the guest may start meanwhile; a function is let master its bus only when all memory is there.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/undo.hpp"
#include "device/control.hpp"
#include "vmm/board/guest_memory.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/seal/thread.hpp"

namespace tenon::vmm::assigned {

/// How far mapping is. Thread-safe; outlives the mapping where somebody holds it.
class DmaProgress {
public:
    /// Returns when all memory is mapped.
    /// Errors: why it is not, and will not be; Busy if it was cancelled.
    Result<void> wait() TENON_EXCLUDES(mutex_);

    /// Whether all memory is mapped by now.
    bool mapped() const TENON_EXCLUDES(mutex_);

    /// Whoever waits need not wait longer: the guest ends. What is being mapped just now, 1 GiB at
    /// most, still gets mapped.
    void cancel() TENON_EXCLUDES(mutex_);
    bool cancelled() const TENON_EXCLUDES(mutex_);

    /// What came of it.
    void finish(Result<void> result) TENON_EXCLUDES(mutex_);

private:
    mutable Mutex mutex_;  ///< Held for a moment only: no other lock is taken under it.
    Condition changed_;
    bool cancelled_ TENON_GUARDED_BY(mutex_) = false;
    std::optional<Result<void>> result_ TENON_GUARDED_BY(mutex_);
};

/// Owns the mappings. One caller at a time.
class DmaMapping {
public:
    /// What it works on; all must outlive it. Nobody else uses `space` before the end of the
    /// progress.
    struct Outside {
        device::AddressSpace& space;
        const board::GuestMemory& memory;
        board::Warnings& warnings;
    };

    /// Maps nothing yet.
    explicit DmaMapping(const Outside& outside) : outside_{outside} {}

    /// Maps all memory before it returns. Once, if not begin().
    /// Errors: of AddressSpace::map(); Busy if its progress was cancelled, from another thread too.
    Result<void> map();

    /// Begins to map all memory in a thread of its own. `done` is called from there with what came
    /// of it, unless it was cancelled. Once.
    void begin(std::function<void(const Result<void>&)> done);

    DmaMapping(const DmaMapping&) = delete;
    DmaMapping& operator=(const DmaMapping&) = delete;
    /// Ends what goes on, and takes all back.
    ~DmaMapping();

    device::AddressSpace& space() const { return outside_.space; }
    const std::shared_ptr<DmaProgress>& progress() const { return progress_; }

private:
    Result<void> map_all();

    Outside outside_;
    Undo mapped_;
    std::shared_ptr<DmaProgress> progress_ = std::make_shared<DmaProgress>();
    seal::Thread thread_;
};

}  // namespace tenon::vmm::assigned
