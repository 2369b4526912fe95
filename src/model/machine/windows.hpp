// Addresses for everything below the root ports: what firmware does on a real machine.
#pragma once

#include <cstdint>
#include <vector>

#include "base/known.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// What bounds the 64-bit window.
struct WideBounds {
    std::uint64_t memory_end = 0;   ///< The guest's memory ends here; at least 4 GiB.
    Known<unsigned> physical_bits;  ///< Of guest physical addresses: 32 to 52.
    /// Firmware gives out addresses, from where memory ends: the window is all that it gives from.
    bool firmware = false;
};

/// Gives each BAR of each function its address and each port its windows, inside the board's
/// address map, with what the port reserves for functions to come (PortPlan::reserve, which is kept
/// to where it is given); makes the 64-bit window as large
/// as is needed, and larger where there is room. Bytes of it that are needed. What finds no room
/// becomes a problem and keeps address 0. BARs of unknown size are left without an address.
std::uint64_t place_bars(std::vector<slot::PortPlan>& ports, AddressMap& addresses,
                         const WideBounds& bounds, std::vector<chosen::Reason>& problems);

/// Gives each BAR of the port's functions its address inside the port's windows, which stay as they
/// are. What finds no room becomes a problem and keeps address 0.
void place_in_windows(slot::PortPlan& port, std::vector<chosen::Reason>& problems);

}  // namespace tenon::model::machine
