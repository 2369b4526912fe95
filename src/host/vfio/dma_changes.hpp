// What a container of the group interface is asked for when its contents change: pure.
//
// The kernel takes mappings back only as they were made, and any number of them at once. What both
// sets have stays mapped: a device may be using it.
// Source: drivers/vfio/vfio_iommu_type1.c of Linux 7.3, vfio_dma_do_unmap().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/strong.hpp"
#include "host/dma_limits.hpp"

namespace tenon::host::vfio {

/// Mappings that go: all that are in the range, each as a whole.
struct DmaRange {
    Iova at{0};
    std::uint64_t size = 0;    ///< Bytes, with gaps.
    std::uint64_t mapped = 0;  ///< Bytes that are mapped of them.

    auto operator<=>(const DmaRange&) const = default;
};

/// How `now` becomes `wanted`, in this order.
struct DmaChanges {
    std::vector<DmaRange> unmap;
    DmaMaps map;
};

/// The fewest calls that unmap what goes; one for each mapping that comes.
DmaChanges changes_between(const DmaMaps& now, const DmaMaps& wanted);

/// The whole mappings from `at` on that fill `size` bytes without a gap; none: they do not.
std::optional<DmaRange> whole_mappings(const DmaMaps& maps, Iova at, std::uint64_t size);

/// The memory that `maps` have in `size` bytes from `from`, in as few pieces as it lies in; empty:
/// not all of it is mapped.
std::vector<std::span<std::byte>> find_memory(const DmaMaps& maps, Iova from, std::uint64_t size);

}  // namespace tenon::host::vfio
