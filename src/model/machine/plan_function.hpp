// The plan of one function, before its slot and its machine settle what follows from others.
#pragma once

#include <span>

#include "base/result.hpp"
#include "model/chosen/machine_version.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// What a machine decides for its functions.
struct FunctionRules {
    const chosen::MachineVersion& version;
    unsigned viommu_pasid_width = 0;  ///< Bits; 0: the guest has no IOMMU that takes PASIDs.
};

/// The function's number in the slot of `port`: as asked, or the first that is free.
/// Errors: Malformed if it is none of 0 to 7, taken, or the slot is full.
Result<unsigned> number_in_slot(const slot::PortPlan& port, const DeviceRequest& device);

/// What the guest would see of the device as function `number` of a slot.
/// Errors: Malformed for keys that cannot be.
Result<slot::FunctionPlan> plan_function(const FunctionRules& rules, DeviceRequest device,
                                         unsigned number);

/// Decides how `function` is reset, with what follows for it; `ports` are all of the machine, the
/// function's own among them. Once for each function: what a bus reset reaches has to be known.
void settle_reset(const chosen::MachineVersion& version,
                  std::span<const slot::PortPlan* const> ports, slot::FunctionPlan& function);

}  // namespace tenon::model::machine
