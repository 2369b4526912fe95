// The guest's PCI functions as they are now, for `query-pci`.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "model/machine_plan.hpp"
#include "vmm/ecam.hpp"

namespace tenon::vmm {

/// Every function of the guest in the shape of QEMU's `query-pci`: bus 0 with the root ports and
/// what is behind each. Ids, bus numbers, windows and BARs' addresses are read from the registers,
/// as the guest has set them; sizes come from the plan. An assigned function has a member "tenon"
/// more: its part of `plan_json`, which is the plan as `tenon plan --json` prints it.
nlohmann::json query_pci(PciHost& host, const model::MachinePlan& plan, std::string_view plan_json);

}  // namespace tenon::vmm
