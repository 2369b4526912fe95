// The plan of one function, before its slot and its machine settle what follows from others.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "model/chosen/machine_version.hpp"
#include "model/function/usable.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// What a machine decides for its functions.
struct FunctionRules {
    const chosen::MachineVersion& version;
    unsigned viommu_pasid_width = 0;  ///< Bits; 0: the guest has no IOMMU that takes PASIDs.
    function::GuestIommu iommu = function::GuestIommu::None;
};

/// The function's number in the slot of `port`: as asked, or the first that is free.
/// Errors: Malformed if it is none of 0 to 7, taken, or the slot is full.
Result<unsigned> number_in_slot(const slot::PortPlan& port, const DeviceRequest& device);

/// What the guest would see of the device as function `number` of a slot.
/// Takes what it needs out of `device`. Never null: a plan is too large for a frame.
/// Errors: Malformed for keys that cannot be.
Result<std::unique_ptr<slot::FunctionPlan>> plan_function(const FunctionRules& rules,
                                                          DeviceRequest&& device, unsigned number);

}  // namespace tenon::model::machine
