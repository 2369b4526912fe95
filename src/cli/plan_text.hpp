// A plan for people: ports, functions, capabilities, BARs, interrupts, group, verdict.
#pragma once

#include <string>

#include "cli/terminal.hpp"
#include "model/machine_plan.hpp"

namespace tenon::cli {

/// The whole plan, laid out in the style given.
std::string render_text(const model::MachinePlan& plan, const TextStyle& style);

}  // namespace tenon::cli
