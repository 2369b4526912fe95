// The end of a plan for people: what can be assigned, and what mends the rest.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// One line for each function: assignable, as far as known, or not and why; then the machine's own
/// problems. Commands stand on lines of their own, unbroken, to be copied.
std::string render_verdict(const model::machine::MachinePlan& plan, const TextStyle& style);

/// The same of what cannot be assigned only; empty if everything can.
std::string render_refusal(const model::machine::MachinePlan& plan, const TextStyle& style);

}  // namespace tenon::cli::text
