// QEMU's pcie-root-port as its guest finds it.
#pragma once

#include "model/chosen/target.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::model::slot {

/// What a port of QEMU can, unless it is told otherwise: x-speed=16, x-width=32.
struct QemuLink {
    static constexpr unsigned speed = 4;  ///< As Link Capabilities encode it: 16 GT/s.
    static constexpr unsigned width = 32;
};

/// The port's registers: no Power Management, MSI-X instead of MSI, and an ACS capability. Its link
/// has what function 0 behind it has now, as far as the port can. Bus numbers and windows are those
/// of the plan, as firmware would write them.
/// Source: QEMU 11.1, hw/pci-bridge/gen_pcie_root_port.c, hw/pci/pcie.c; read back from a port of
/// QEMU 11.1.3.
function::RegisterMap build_qemu_port(const PortPlan& port);

/// What QEMU makes of the slot, after everything else of it is settled: the bit of other functions
/// stands in the header of function 0 alone.
void settle_as_qemu(const chosen::Target& target, PortPlan& port);

}  // namespace tenon::model::slot
