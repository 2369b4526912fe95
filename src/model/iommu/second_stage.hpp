// A walk through second-stage page tables: which addresses lead where.
//
// Tables are the guest's and may be anything: a walk never goes deeper than their levels, reads
// each entry once, and ends when it has read or found more than it may. Source: Intel VT-d
// specification 4.1, 3.7, 9.8.
#pragma once

#include <cstdint>
#include <optional>

#include "model/iommu/extent.hpp"
#include "model/iommu/fault_reason.hpp"
#include "model/iommu/guest_memory.hpp"
#include "model/iommu/shape.hpp"

namespace tenon::model::iommu {

/// Addresses at which writes of devices are interrupts; they are not translated and nothing leads
/// there. Source: 3.14.
inline constexpr IovaRange interrupt_addresses{0xfee0'0000, 0xfeef'ffff};

/// The root of second-stage tables.
struct PageTable {
    GuestAddress root;
    unsigned levels = 4;  ///< 3: 39 bits, 4: 48.

    auto operator<=>(const PageTable&) const = default;
};

/// How entries are read.
struct TableRules {
    unsigned memory_bits = 46;   ///< Address bits above are reserved.
    unsigned address_bits = 48;  ///< Of what is translated.
    bool snoop_bit = false;      ///< Bit 11 means something.
    bool transient_bit = false;  ///< Bit 62 means something.
    bool scalable = false;       ///< Reasons of faults are those of scalable mode.

    auto operator<=>(const TableRules&) const = default;
};

/// The rules of a unit. `scalable`: a PASID entry names the table.
TableRules table_rules(const UnitShape& shape, bool scalable);

/// What a walk may cost.
struct WalkLimits {
    std::uint64_t tables = 1u << 18;  ///< Pages of tables that are looked at.
    std::uint64_t extents = 1u << 18;

    auto operator<=>(const WalkLimits&) const = default;
};

/// What a walk found.
struct Walked {
    Extents extents;                     ///< One for each leaf or what of it counts; by address.
    std::optional<FaultReason> trouble;  ///< The first entry that is wrong. It leads nowhere.
    bool complete = true;                ///< False: a limit ended the walk.
    std::uint64_t tables = 0;            ///< Pages of tables that were looked at.
};

/// All that `table` translates in `range` and `regions` let through.
Walked walk(const TableMemory& memory, const PageTable& table, const TableRules& rules,
            const DmaRegions& regions, const IovaRange& range, const WalkLimits& limits);

}  // namespace tenon::model::iommu
