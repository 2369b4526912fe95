// Guest memory: where the guest finds it, where the host takes it from, and what cannot reach it.
#pragma once

#include <cstdint>
#include <vector>

#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// Memory as it was asked for, in front of and above the hole below 4 GiB. Its node is the one that
/// was asked for, or the one that all devices are on that tell.
MemoryPlan plan_memory(const MemoryRequest& request, const AddressMap& addresses,
                       const std::vector<slot::PortPlan>& ports);

/// The first address past all memory; at least 4 GiB, where no hole is any more.
std::uint64_t memory_end(const MemoryPlan& memory);

/// Adds what of the memory is not possible: addresses that a device cannot have for DMA (reserved
/// by its IOMMU, or above what it translates), or that guest physical addresses do not reach.
/// Source: IOMMU_IOAS_IOVA_RANGES; VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE.
void check_memory(const MemoryPlan& memory, const std::vector<slot::PortPlan>& ports,
                  const Known<unsigned>& physical_bits, std::vector<chosen::Reason>& problems);

}  // namespace tenon::model::machine
