// The guest as a whole: processors, memory, the window for large BARs. For `plan` and `run`.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// The section "Guest" of a plan.
std::string render_guest(const model::machine::MachinePlan& plan, const TextStyle& style);

/// Where guest memory comes from, in one line without its end: "512 MiB, from NUMA node 1, …".
std::string memory_words(const model::machine::MemoryPlan& memory);

}  // namespace tenon::cli::text
