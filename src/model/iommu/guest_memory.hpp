// The guest's memory as a remapping unit sees it: what its tables are read from, and where devices
// may be led to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/strong.hpp"
#include "model/iommu/extent.hpp"

namespace tenon::model::iommu {

/// Reads of guest memory. Software changes it meanwhile: who reads takes what it needs once.
class TableMemory {
public:
    virtual ~TableMemory() = default;

    /// Fills `out`, of up to 4096 bytes, from `at`; each aligned 8 bytes are of one moment. False
    /// if any of it is not memory; `out` is then unspecified.
    virtual bool read(GuestAddress at, std::span<std::byte> out) const = 0;
};

/// One 64-bit number at `at`, a multiple of 8; none if that is no memory.
std::optional<std::uint64_t> read_word(const TableMemory& memory, GuestAddress at);

/// Memory that DMA may reach without translation.
struct DmaRegion {
    GuestAddress base;
    std::uint64_t size = 0;  ///< Bytes, a multiple of 4096.
    Permissions allowed;

    bool operator==(const DmaRegion&) const = default;
};

/// Guest memory, and memory of other devices, that DMA may reach. What lies outside is no one's:
/// translations that lead there are not followed.
class DmaRegions {
public:
    DmaRegions() = default;
    /// `regions` do not overlap; their order is of no matter.
    explicit DmaRegions(std::vector<DmaRegion> regions);

    /// Adds the parts of `extent` that lead to such memory to `out`, with what both allow.
    void follow(const Extent& extent, Extents& out) const;

    bool operator==(const DmaRegions&) const = default;

private:
    std::vector<DmaRegion> regions_;  ///< By address.
};

}  // namespace tenon::model::iommu
