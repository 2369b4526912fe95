// The guest's PCI functions as they are now, for `query-pci`.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "model/machine/machine_plan.hpp"
#include "vmm/board/ecam.hpp"

namespace tenon::vmm::control {

/// A port and its functions as `tenon plan --json` prints them.
using DescribePort = std::function<std::string(const model::slot::PortPlan&)>;

/// Every function of the guest in the shape of QEMU's `query-pci`: bus 0 with the root ports and
/// what is behind each, as `ports` have it. Ids, bus numbers, windows and BARs' addresses are read
/// from the registers, as the guest has set them; sizes come from the plan. An assigned function
/// has a member "tenon" more: its part of what `describe` gives of its port.
nlohmann::json query_pci(board::PciHost& host,
                         std::span<const std::shared_ptr<const model::slot::PortPlan>> ports,
                         const DescribePort& describe);

}  // namespace tenon::vmm::control
