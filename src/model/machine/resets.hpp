// How the functions of a machine are reset follows from who is there: a reset of a bus of the host
// is for all functions on it, or for none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "model/slot/port_plan.hpp"

namespace tenon::model::machine {

/// Decides how each function of `ports`, which are all of a machine, is reset, with all that
/// follows for it: access, property, warnings, reasons. The result depends on who is there alone:
/// what was decided for other company is replaced.
void settle_resets(std::span<slot::PortPlan> ports);

/// The same for the ports of a machine that runs, where a change is a new plan: replaces those that
/// change, and returns their places.
std::vector<std::size_t> settle_resets(std::span<std::shared_ptr<const slot::PortPlan>> ports);

}  // namespace tenon::model::machine
