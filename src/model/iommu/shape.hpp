// What a guest's remapping unit can do, as far as the host lets it, and why.
//
// The guest's second stage becomes domains of the host, entry by entry: the unit has caching mode,
// so that software tells of entries that appear. Of the first stage it does not: a unit has that
// where the host's IOMMU walks the guest's tables itself.
// Source: Intel VT-d specification 4.1, 6.1, 11.4.2, 11.4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenon::model::iommu {

/// Which tables software may use.
enum class TableMode {
    Legacy,    ///< Root and context entries that name second-stage tables.
    Scalable,  ///< These, or PASID tables that do.
    Nested,    ///< Legacy ones, or PASID tables that name first-stage tables, for the host to walk.
};

/// "legacy", "scalable", "nested".
std::string_view name_of(TableMode mode);

/// What every remapping unit of the host lets through that an assigned function is behind.
struct HostLimits {
    unsigned aperture_bits = 48;  ///< Addresses that a domain takes: 0 to 2^n - 1.
    bool snoop_control = false;   ///< All of them can force DMA to snoop.
    unsigned pasid_width = 0;     ///< Bits of PASID that can be attached; 0: none.
    /// Bits of the registers that all units of the host have set, if they are VT-d's; else 0.
    std::uint64_t capability = 0;
    std::uint64_t extended_capability = 0;

    /// Whether they walk first-stage tables of the guest below second-stage ones of the host.
    bool nests() const;
};

/// What the machine and its user want of the unit.
struct UnitRequest {
    TableMode mode = TableMode::Legacy;
    bool interrupt_remapping = true;
    unsigned address_width = 0;  ///< Bits, 39 or 48; 0: as wide as the host allows.
    unsigned pasid_width = 0;    ///< Bits of PASID that are wanted at most; 0: none.
    bool ats = false;            ///< A function behind the unit shows ATS.
    unsigned memory_bits = 46;   ///< Bits of a guest physical address.
};

/// One thing that the unit can or cannot do.
struct Trait {
    std::string name;    ///< "address width".
    std::string value;   ///< "47 bits".
    std::string why;     ///< For a person, without a full stop.
    std::string source;  ///< Section of a specification, or a kernel file.

    bool operator==(const Trait&) const = default;
};

/// The unit as software finds it.
struct UnitShape {
    std::uint64_t capability = 0;
    std::uint64_t extended_capability = 0;
    unsigned memory_bits = 46;  ///< Bits of a guest physical address; more are reserved in tables.

    /// Bits of the widest address that is translated.
    unsigned address_bits() const;
    /// Whether tables of so many levels (3: 39 bits, 4: 48, 5: 57) are taken.
    bool takes_levels(unsigned levels) const;
    TableMode mode() const;
    bool scalable() const;
    bool second_stage() const;  ///< In tables of PASIDs.
    bool first_stage() const;
    bool five_levels() const;  ///< Of first-stage tables.
    bool supervisor_requests() const;
    bool extended_accessed_flag() const;
    bool device_tlb() const;
    bool snoop_control() const;
    bool interrupt_remapping() const;
    /// Bits of PASID; 0: none.
    unsigned pasid_width() const;
    /// Largest mask of a page-selective invalidation: 2^n pages.
    unsigned address_mask() const;

    bool operator==(const UnitShape&) const = default;
};

/// A shape, and each of its traits.
struct UnitDesign {
    UnitShape shape;
    std::vector<Trait> traits;
};

/// The unit that the machine wants, within what the host can do.
/// Errors: Unsupported if the host's domains are too narrow for any table, or for the width that
/// was asked for, or PASIDs were asked for and cannot be had; Malformed for a width that is none.
Result<UnitDesign> design_unit(const HostLimits& host, const UnitRequest& request);

}  // namespace tenon::model::iommu
