// Addresses for everything below the root ports: what firmware does on a real machine.
#pragma once

#include <vector>

#include "model/machine_plan.hpp"

namespace tenon::model {

/// Gives each BAR of each function its address and each port its windows, inside the board's
/// address map; extends the 64-bit window of the map to what is needed. What finds no room becomes
/// a problem and keeps address 0. BARs of unknown size are left without an address.
void place_bars(std::vector<PortPlan>& ports, AddressMap& addresses, std::vector<Reason>& problems);

}  // namespace tenon::model
