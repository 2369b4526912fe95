// Where a remapping unit leads an address, page by page as the specification tells it: slow,
// without a cache, and without a line of the model's. For tests alone.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/iommu/guest_memory.hpp"
#include "tests/support/guest_tables.hpp"
#include "tests/support/iommu_host.hpp"

namespace tenon::support {

/// What software has told the unit, and what the unit is.
struct ReferenceUnit {
    bool translation = false;
    std::uint64_t root_table = 0;  ///< As it was latched, with its mode.
    unsigned memory_bits = 46;
    unsigned address_bits = 48;
    std::vector<model::iommu::DmaRegion> regions;
};

/// The page that `iova`, a multiple of 4096, leads requests of `source` to.
std::optional<Reached> reference_reach(const GuestTables& tables, const ReferenceUnit& unit,
                                       std::uint16_t source, std::optional<std::uint32_t> pasid,
                                       std::uint64_t iova);

/// The same without translation.
std::optional<Reached> reference_memory(const ReferenceUnit& unit, std::uint64_t address);

}  // namespace tenon::support
