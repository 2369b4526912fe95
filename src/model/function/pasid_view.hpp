// The PASID capability among the other capabilities of a guest's function.
#pragma once

#include <vector>

#include "device/facts.hpp"
#include "model/chosen/function_properties.hpp"
#include "model/function/function_view.hpp"
#include "model/function/host_chain.hpp"

namespace tenon::model::function {

/// Decides about PASID, writes the capability's bytes into the view's map, and adds its decision to
/// those of the extended list, `decisions`: in the place of the device's own where it is there, at
/// the end of the list otherwise, so that no other capability moves. The list's links stay to be
/// written. `config` are the device's bytes as the view takes them.
void view_pasid(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                const HostChain& chain, const chosen::FunctionProperties& properties,
                FunctionView& view, std::vector<chosen::Decision>& decisions);

/// What can be said of PASID where nothing past the header was read.
void view_unread_pasid(const device::DeviceFacts& facts,
                       const chosen::FunctionProperties& properties, FunctionView& view);

/// Who owns each byte of the function, hidden capabilities among them: of the hardware's own bytes
/// where they could be read, and of `config`.
pci::Ownership owners_of(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                         const HostChain& chain);

}  // namespace tenon::model::function
