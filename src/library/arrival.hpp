// From the words of a device to its arrival in a machine that runs.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "device/opened.hpp"
#include "library/gather.hpp"
#include "model/machine/arrival.hpp"

namespace tenon::library {

/// Reads `DEVICE[,key=value…]`, opens the function, asks VFIO about it and plans its arrival. The
/// function stays in `opened`, unless this fails. `iommufd`: /dev/iommu as somebody opened it.
/// Errors: wrong words; a device that is no function of this host, that cannot be opened, that is
/// in this machine already; those of model::plan_arrival().
Result<model::machine::Arrival> plan_arrival(const Host& host, const std::string& device,
                                             std::optional<int> iommufd,
                                             const model::machine::RunningMachine& machine,
                                             device::OpenedFunctions& opened);

}  // namespace tenon::library
