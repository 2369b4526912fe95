// One function of a plan for people.
#pragma once

#include <string>

#include "cli/terminal.hpp"
#include "model/machine_plan.hpp"

namespace tenon::cli {

/// Who it is, its capabilities, BARs, interrupts, what its host does with it, warnings.
std::string render_function(const model::FunctionPlan& function, const model::PortPlan& port,
                            const TextStyle& style);

}  // namespace tenon::cli
