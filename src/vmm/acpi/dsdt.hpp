// The definition block of the board: host bridge, ECAM, serial port, power button, soft off.
#pragma once

#include <cstdint>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "vmm/acpi/aml.hpp"

namespace tenon::vmm::acpi {

/// The AML of the DSDT, without its header. No `_PRT` without routes.
Bytes make_dsdt_body(const model::machine::AddressMap& addresses,
                     const std::vector<model::function::IntxRoute>& routes);

}  // namespace tenon::vmm::acpi
