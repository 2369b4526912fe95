// What one domain of the host has mapped, and how it follows what the guest's tables say now.
//
// The host removes a mapping only as a whole, as it was made: an area. So areas stay small enough
// that the guest lets go of each at once, and what did not change is never touched: a device may be
// using it. Source: Linux drivers/iommu/iommufd/io_pagetable.c (iopt_unmap_iova_range).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "model/iommu/extent.hpp"

namespace tenon::model::iommu {

/// All addresses that there are.
inline constexpr IovaRange everywhere{0, ~0ull};

/// How areas are made of what the guest's entries map.
enum class AreaSize {
    /// One for each entry: nothing that stays is ever in one with something that goes.
    Entry,
    /// Pages of 4 KiB side by side that page-selective invalidations before one wait bring are one,
    /// up
    /// to 2 MiB: what a driver maps at once it lets go of at once. Larger entries, and what a wider
    /// invalidation finds, are areas of their own. Once the guest has let go of a part of an area,
    /// whose rest was away for a moment, no more of its pages are joined.
    Pages,
    /// As large as what came in one invalidation: fewer calls. If the guest lets go of a part, the
    /// rest of the area is away for a moment.
    Invalidation,
};

/// What has to be done in the host, in this order.
struct AreaChanges {
    std::vector<IovaRange> unmap;  ///< Each is one or more whole areas without gaps.
    Extents map;                   ///< Each becomes an area.

    bool operator==(const AreaChanges&) const = default;
};

/// The areas of one domain.
class MappedAreas {
public:
    explicit MappedAreas(AreaSize size = AreaSize::Pages) : size_{size} {}

    /// The guest's tables now say `found` of `range` (by address, all inside). What changes; counts
    /// as done. `range` is everywhere if software did not name it page by page.
    AreaChanges update(const IovaRange& range, const Extents& found);

    /// What is mapped, area by area.
    Extents areas() const;

    /// How many there are.
    std::size_t count() const { return areas_.size(); }

    auto operator<=>(const MappedAreas&) const = default;

private:
    using Areas = std::map<std::uint64_t, Extent>;

    AreaSize size_;  ///< Of what comes; Pages becomes Entry.
    Areas areas_;    ///< By first address.
};

}  // namespace tenon::model::iommu
