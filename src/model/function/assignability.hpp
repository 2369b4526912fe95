// Whether the host lets a function be assigned, and what mends it where not.
#pragma once

#include <vector>

#include "device/facts.hpp"
#include "model/chosen/decision.hpp"

namespace tenon::model::function {

/// Why the function cannot be assigned, by what it is: a bridge, a port. Empty: it could be.
std::vector<chosen::Reason> reasons_by_kind(const pci::ConfigImage& config,
                                            const pci::Capabilities& capabilities);

/// Why the host does not let it be assigned now: drivers, IOMMU group. Facts that are not known are
/// no reason; they are listed in `unknowns`.
std::vector<chosen::Reason> reasons_by_host(const device::DeviceFacts& facts,
                                            std::vector<std::string>& unknowns);

}  // namespace tenon::model::function
