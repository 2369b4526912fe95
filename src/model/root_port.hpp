// Configuration space of what we put between the guest's root bus and its functions.
#pragma once

#include "model/machine_plan.hpp"
#include "model/register_map.hpp"

namespace tenon::model {

// Ids. Red Hat's generic virtual PCI Express ones, which guests know to be virtual:
// 1b36:0008 host bridge, 1b36:000c root port. docs/users/guest-machine.md lists them.
inline constexpr std::uint16_t virtual_vendor = 0x1b36;
inline constexpr std::uint16_t host_bridge_device = 0x0008;
inline constexpr std::uint16_t root_port_device = 0x000c;

/// The host bridge at 00:00.0.
RegisterMap build_host_bridge();

/// A root port: header type 1, power management, MSI, PCI Express version 2 with a slot, as the
/// plan of the port says. `multi_function`: other ports share its device number.
RegisterMap build_root_port(const PortPlan& port, unsigned slot_number, bool multi_function);

/// Fills in link and payload of a port so that neither is below what a function's host link has.
void tell_link_truth(PortPlan& port);

}  // namespace tenon::model
