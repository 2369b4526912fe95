// The memory map that firmware would give: E820, in Linux' and in PVH's form alike.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/strong.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/board/guest_memory.hpp"

namespace tenon::vmm::loader {

/// What a range is for. Source: ACPI Specification 6.5, table 15.4.
enum class MemoryType : std::uint32_t { Ram = 1, Reserved = 2, AcpiReclaim = 3 };

/// A range of the map.
struct MemoryRange {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    MemoryType type = MemoryType::Ram;

    bool operator==(const MemoryRange&) const = default;
};

/// RAM without the hole of the PC, the ACPI tables, ECAM, and the page of the IOMMU's registers if
/// there is one; in address order.
std::vector<MemoryRange> make_memory_map(std::span<const board::MemoryPart> parts,
                                         const model::machine::AddressMap& addresses,
                                         std::optional<GuestAddress> remapping = {});

}  // namespace tenon::vmm::loader
