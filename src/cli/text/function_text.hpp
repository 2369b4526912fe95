// One function of a plan for people.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// Who it is, its capabilities, BARs, interrupts, what its host does with it, warnings.
std::string render_function(const model::slot::FunctionPlan& function,
                            const model::slot::PortPlan& port, const TextStyle& style);

/// "is 01:00.0 in the guest", "stays with the host", "is known by words alone": where it comes.
std::string place_in_words(const model::slot::FunctionPlan& function);

}  // namespace tenon::cli::text
