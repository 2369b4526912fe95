// The DMAR table: where the guest's remapping unit is, and what is behind it.
//
// One unit. It has the whole segment, or what is below the root ports that are named: functions
// below other ports bypass it, for DMA as for interrupts. Source: Intel VT-d specification 4.1,
// chapter 8; Linux drivers/iommu/intel/dmar.c.
#pragma once

#include <cstdint>
#include <vector>

#include "base/strong.hpp"
#include "vmm/acpi/aml.hpp"

namespace tenon::vmm::acpi {

/// A function of bus 0, or of another that firmware has numbered, as a scope names it.
struct ScopePath {
    std::uint8_t bus = 0;
    std::uint8_t device = 0;    ///< 0..31
    std::uint8_t function = 0;  ///< 0..7

    bool operator==(const ScopePath&) const = default;
};

/// What the table says.
struct RemappingTable {
    GuestAddress registers;      ///< Of the unit, a page.
    unsigned address_bits = 48;  ///< Of DMA, 12 to 64: Linux refuses fewer.
    bool interrupt_remapping = true;
    std::uint8_t ioapic_id = 0;  ///< As the MADT has it.
    /// The requester of the IOAPIC's interrupts. Not 00:00.0, which Linux takes for none.
    ScopePath ioapic{.bus = 0xff};
    /// Root ports that the unit has to do with, with all that is below; empty: the whole segment.
    std::vector<ScopePath> ports;
    /// Root ports above functions that show ATS, without which software does not enable it.
    std::vector<ScopePath> ats_ports;
};

/// The table, with its header.
Bytes make_dmar(const RemappingTable& table);

}  // namespace tenon::vmm::acpi
