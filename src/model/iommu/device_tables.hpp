// Where a device's requests go: root, context and PASID tables.
//
//   legacy     root table ─▶ context table ─▶ page table, by bus and by device and function
//   scalable   root table ─▶ context table ─▶ PASID directory ─▶ PASID table ─▶ page table
//
// Each entry is read once, from tables that may be anything.
// Source: Intel VT-d specification 4.1, 3.4, 9.1 to 9.6.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "model/iommu/second_stage.hpp"

namespace tenon::model::iommu {

/// Bus, device and function of a requester, in 8, 5 and 3 bits.
using SourceId = std::uint16_t;

/// The largest number of a PASID has so many bits.
inline constexpr unsigned pasid_bits = 20;

/// What software says of translation with Set Root Table Pointer.
enum class TranslationMode : std::uint8_t { Legacy = 0, Scalable = 1, Reserved = 2, Abort = 3 };

/// Root Table Address as it was latched.
struct RootPointer {
    GuestAddress table;
    TranslationMode mode = TranslationMode::Legacy;

    static RootPointer of(std::uint64_t register_value);
    auto operator<=>(const RootPointer&) const = default;
};

/// Requests reach nothing.
struct Blocked {
    auto operator<=>(const Blocked&) const = default;
};
/// Addresses are those of guest memory.
struct Identity {
    auto operator<=>(const Identity&) const = default;
};
/// The root of first-stage tables, which are the processor's: the host's IOMMU walks them itself.
struct FirstStage {
    GuestAddress root;
    unsigned levels = 4;                  ///< 4: 48 bits, 5: 57.
    bool supervisor = false;              ///< SRE: supervisor requests are let through.
    bool write_protection = false;        ///< WPE: for them too.
    bool extended_accessed_flag = false;  ///< EAFE.

    auto operator<=>(const FirstStage&) const = default;
};
using Route = std::variant<Blocked, Identity, PageTable, FirstStage>;

/// What the tables say of the requests of a device, or of one of its PASIDs.
struct Binding {
    Route to;
    std::uint16_t domain = 0;            ///< The number that invalidations name.
    std::optional<FaultReason> trouble;  ///< Why they are blocked.
    bool silent = false;                 ///< Software wants no record of faults.

    auto operator<=>(const Binding&) const = default;
};

/// A PASID directory of 2^`bits` entries, for 2^(`bits` + 6) PASIDs.
struct PasidDirectory {
    GuestAddress base;
    unsigned bits = 7;

    auto operator<=>(const PasidDirectory&) const = default;
};

/// What the tables say of a device.
struct DeviceTables {
    Binding requests;                      ///< Those without a PASID.
    std::optional<PasidDirectory> pasids;  ///< None: requests with a PASID are blocked.
    std::uint32_t own_pasid = 0;           ///< The entry for requests without one, if scalable.

    auto operator<=>(const DeviceTables&) const = default;
};

DeviceTables read_device(const TableMemory& memory, const UnitShape& shape, const RootPointer& root,
                         SourceId source);

Binding read_pasid(const TableMemory& memory, const UnitShape& shape,
                   const PasidDirectory& directory, std::uint32_t pasid);

/// PASIDs whose entries are present.
struct PresentPasids {
    std::vector<std::uint32_t> pasids;  ///< In rising order.
    bool complete = true;               ///< False: there are more than `limit`.
    std::uint64_t tables = 0;           ///< Pages of tables that were looked at.
};

/// Those of `directory` that the unit has bits for, but `own`, and no more than `limit`.
PresentPasids list_pasids(const TableMemory& memory, const UnitShape& shape,
                          const PasidDirectory& directory, std::uint32_t own, std::size_t limit);

}  // namespace tenon::model::iommu
