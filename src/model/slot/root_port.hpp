// Configuration space of what we put between the guest's root bus and its functions.
#pragma once

#include <cstddef>

#include "model/function/register_map.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::model::slot {

// Ids. Red Hat's generic virtual PCI Express ones, which guests know to be virtual:
// 1b36:0008 host bridge, 1b36:000c root port. docs/users/guest-machine.md lists them.
inline constexpr std::uint16_t virtual_vendor = 0x1b36;
inline constexpr std::uint16_t host_bridge_device = 0x0008;
/// What firmware for guests without a chipset knows the board by.
/// Source: edk2 OvmfPkg/Include/IndustryStandard/CloudHv.h.
inline constexpr std::uint16_t host_bridge_of_firmware = 0x0d57;
inline constexpr std::uint16_t root_port_device = 0x000c;

// Where a root port has its capabilities.
namespace port_register {
inline constexpr std::size_t express = 0x40;
inline constexpr std::size_t link_control = express + pci::express::link_control;
inline constexpr std::size_t link_status = express + pci::express::link_status;
inline constexpr std::size_t slot_control = express + pci::express::slot_control;
inline constexpr std::size_t slot_status = express + pci::express::slot_status;
inline constexpr std::size_t msi = 0x80;
inline constexpr std::size_t power = 0x90;
inline constexpr std::size_t reservation = 0xa0;
inline constexpr std::size_t error_reporting = 0x100;
inline constexpr std::size_t access_control = 0x148;
}  // namespace port_register

/// The host bridge at 00:00.0, with the id that firmware looks for or that of every other guest.
function::RegisterMap build_host_bridge(bool firmware = false);

/// The windows of a port's plan in its header; one of no bytes is closed.
void emulate_windows(function::RegisterMap& map, const PortPlan& port);

/// A root port: header type 1, power management, MSI, PCI Express with a slot and support of
/// End-End TLP Prefixes, Advanced Error Reporting, Access Control Services, as the plan of the port
/// says. Its link is up and its slot occupied if it has functions. Where the plan lets functions
/// come and go, the slot has an attention button and a power indicator, no power controller, and
/// takes commands without a word. Where firmware gives addresses out, a port that takes others than
/// are there says by a capability of Red Hat's how large its windows are to be. Errors below are
/// forwarded, as firmware leaves a port.
function::RegisterMap build_root_port(const PortPlan& port);

}  // namespace tenon::model::slot
