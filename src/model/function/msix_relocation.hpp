// Moving the MSI-X table and pending bits, as the guest sees them, out of the way of registers.
//
// The pages of both are trapped. Where a device has registers in the same pages that its driver
// uses all the time, each access costs an exit; with the structures in a BAR of their own, or in
// the upper half of a BAR shown with twice its size, all of the device's own BAR is mapped.
#pragma once

#include <compare>
#include <string>

#include "device/facts.hpp"
#include "model/chosen/function_properties.hpp"
#include "pci/capability.hpp"
#include "pci/config_image.hpp"

namespace tenon::model::function {

struct FunctionView;

/// Carries the user's wish out in `view`, whose BARs and capabilities are there and not mapped yet;
/// notes what came of it among its properties. A place that cannot be had is a reason against
/// assigning the function. `lists` are those of `config`. Nothing is done for a function without
/// MSI-X.
void relocate_msix(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                   const pci::Capabilities& lists, const chosen::FunctionProperties& properties,
                   FunctionView& view);

}  // namespace tenon::model::function
