// The definition block of the board: host bridge, what the board keeps for itself, serial port,
// power button, soft off.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/strong.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/acpi/aml.hpp"

namespace tenon::vmm::acpi {

/// The AML of the DSDT, without its header. No `_PRT` without routes. `remapping` is where the
/// registers of the guest's IOMMU are; none: it has none. `clock`: the board has a PC's.
Bytes make_dsdt_body(const model::machine::AddressMap& addresses,
                     const std::vector<model::function::IntxRoute>& routes,
                     std::optional<GuestAddress> remapping = {}, bool clock = false);

}  // namespace tenon::vmm::acpi
