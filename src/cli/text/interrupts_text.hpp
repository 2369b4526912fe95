// What of interrupts `tenon plan` prints.
#pragma once

#include <cstddef>
#include <string>

#include "cli/text/terminal.hpp"
#include "model/function/function_view.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// The interrupts of a function, a line each; empty if it has none. Lines begin at column `indent`.
std::string render_interrupts(const model::function::FunctionView& view, const TextStyle& style,
                              std::size_t indent);

/// What of the machine's interrupts may not fit; empty if all do.
std::string render_budget(const model::machine::MachinePlan& plan, const TextStyle& style,
                          std::size_t indent);

}  // namespace tenon::cli::text
