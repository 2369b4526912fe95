// The definition block of the board: host bridge, ECAM, serial port, soft off.
#pragma once

#include <cstdint>
#include <vector>

#include "model/machine_plan.hpp"
#include "vmm/acpi/aml.hpp"

namespace tenon::vmm::acpi {

/// Where INTA..INTD of a device on bus 0 lead.
struct IntxRoute {
    std::uint8_t device = 0;  ///< 0..31
    std::uint8_t pin = 0;     ///< 0 for INTA.
    std::uint32_t interrupt = 0;

    bool operator==(const IntxRoute&) const = default;
};

/// The AML of the DSDT, without its header. No `_PRT` without routes.
Bytes make_dsdt_body(const model::AddressMap& addresses, const std::vector<IntxRoute>& routes);

}  // namespace tenon::vmm::acpi
