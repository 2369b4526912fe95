// What the guest's remapping unit reads of guest memory: its tables and its queue.
#pragma once

#include "model/iommu/guest_memory.hpp"
#include "vmm/board/guest_memory.hpp"

namespace tenon::vmm::iommu {

/// Reads of guest memory, each bounded by it; nothing else is read, device memory neither. From any
/// thread.
class TableReader final : public model::iommu::TableMemory {
public:
    /// `memory` must outlive it.
    explicit TableReader(const board::GuestMemory& memory) : memory_{memory} {}

    bool read(GuestAddress at, std::span<std::byte> out) const override;

private:
    const board::GuestMemory& memory_;
};

}  // namespace tenon::vmm::iommu
