// The guest as a whole: processors, memory, the window for large BARs. For `plan` and `run`.
#pragma once

#include <string>

#include "cli/terminal.hpp"
#include "model/machine_plan.hpp"

namespace tenon::cli {

/// The section "Guest" of a plan.
std::string render_guest(const model::MachinePlan& plan, const TextStyle& style);

/// Where guest memory comes from, in one line without its end: "512 MiB, from NUMA node 1, …".
std::string memory_words(const model::MemoryPlan& memory);

}  // namespace tenon::cli
