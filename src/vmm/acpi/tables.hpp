// The ACPI tables of the board: what the guest's kernel is given instead of firmware.
//
//   RSDP ─▶ XSDT ─┬▶ FADT ─▶ DSDT
//                 ├▶ MADT (processors and the IOAPIC)
//                 ├▶ MCFG (where ECAM is)
//                 └▶ DMAR (the IOMMU, if there is one)
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/strong.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/acpi/aml.hpp"
#include "vmm/acpi/dmar.hpp"
#include "vmm/acpi/dsdt.hpp"

namespace tenon::vmm::acpi {

/// What the tables are made from.
struct Board {
    model::machine::AddressMap addresses;
    model::machine::Processors processors;
    std::vector<model::function::IntxRoute> intx;
    std::optional<RemappingTable> remapping;  ///< Of the guest's IOMMU; none: there is none.
    bool firmware = false;  ///< It has what firmware needs: board/firmware_parts.hpp.
};

/// A table with its header, length and checksum. `signature` has four characters.
/// Source: ACPI Specification 6.5, 5.2.6.
Bytes make_table(std::string_view signature, std::uint8_t revision, const Bytes& body);

/// The tables one by one. Source: ACPI Specification 6.5, 5.2.5 to 5.2.12; PCI Firmware
/// Specification 3.3, 4.1.2 (MCFG).
Bytes make_rsdp(GuestAddress xsdt);
Bytes make_xsdt(const std::vector<GuestAddress>& tables);
/// `firmware`: the board has a timer and a clock.
Bytes make_fadt(GuestAddress dsdt, bool firmware = false);
Bytes make_madt(const model::machine::Processors& processors);
Bytes make_mcfg(const model::machine::AddressMap& addresses);

/// All tables in one block for address `at`; the RSDP is at its start.
/// Errors: Malformed if the block is larger than `limit`.
Result<Bytes> make_tables(const Board& board, GuestAddress at, std::uint64_t limit);

}  // namespace tenon::vmm::acpi
