// The AtomicOps of a port's slot, function by function.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// What completes on the host for each function of the slot and why, what its guest may do, what
/// guest drivers ask for, and warnings of the port. Empty where no guest sees a function.
std::string render_atomics(const model::slot::PortPlan& port, const TextStyle& style);

}  // namespace tenon::cli::text
