// The PASID capability that QEMU makes: where, and what lies under it.
#pragma once

#include <vector>

#include "model/chosen/decision.hpp"
#include "model/chosen/target.hpp"
#include "model/function/function_view.hpp"
#include "model/function/host_chain.hpp"

namespace tenon::model::function {

/// Decides, writes the capability into the view's map, and adds its decision to those of the
/// extended list: behind the last one that points past it. The list's links stay to be written.
///
/// QEMU takes x-vpasid-cap-offset, 0xff8 without it, and looks at nothing but headers there. What
/// the guest writes to it reaches the device's own bytes as well. Where it cannot be put in, QEMU
/// says so and starts without it. `begins`: the function has an extended list.
/// Source: QEMU, hw/vfio/pci.c, vfio_pci_synthesize_pasid_cap(); hw/pci/pcie.c,
/// pcie_insert_capability().
void view_pasid_as_qemu(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                        const HostChain& chain, const chosen::FunctionProperties& properties,
                        bool begins, FunctionView& view, std::vector<chosen::Decision>& decisions);

}  // namespace tenon::model::function
