// A plan for people: ports, functions, capabilities, BARs, interrupts, group, verdict.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// The whole plan, laid out in the style given.
std::string render_text(const model::machine::MachinePlan& plan, const TextStyle& style);

}  // namespace tenon::cli::text
