// The queue in guest memory from which software invalidates. Source: Intel VT-d specification 4.1,
// 6.5.2, 11.4.9.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "model/iommu/descriptor.hpp"
#include "model/iommu/register_file.hpp"

namespace tenon::model::iommu {

/// Takes descriptors off the queue; its head is in the registers. Not thread-safe.
class InvalidationQueue {
public:
    /// Works on `registers`, `memory` and `shape`, which must outlive it.
    InvalidationQueue(RegisterFile& registers, const TableMemory& memory, const UnitShape& shape)
        : registers_{registers}, memory_{memory}, shape_{shape} {}

    /// Software enables the queue: where it is counts from now on, and the head is at its start.
    void start();
    void stop();

    /// The next descriptor, which counts as done; none at the tail, or while an error stands.
    /// Errors: why the queue stands still from now on, with its head at what is wrong.
    std::expected<std::optional<Descriptor>, QueueError> next();

    /// Software has cleared the error: what the head is at is read again.
    void resume() { stands_ = false; }

    bool enabled() const { return enabled_; }

private:
    std::expected<Descriptor, QueueError> read(std::uint64_t head) const;
    std::unexpected<QueueError> stand(QueueError error);

    RegisterFile& registers_;
    const TableMemory& memory_;
    const UnitShape& shape_;
    GuestAddress base_;
    std::uint64_t size_ = 0;  ///< Bytes.
    bool wide_ = false;       ///< Descriptors have 32 bytes, not 16.
    bool enabled_ = false;
    bool stands_ = false;
};

}  // namespace tenon::model::iommu
