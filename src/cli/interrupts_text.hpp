// What of interrupts `tenon plan` prints.
#pragma once

#include <cstddef>
#include <string>

#include "cli/terminal.hpp"
#include "model/function_view.hpp"
#include "model/interrupt_budget.hpp"

namespace tenon::cli {

/// The interrupts of a function, a line each; empty if it has none. Lines begin at column `indent`.
std::string render_interrupts(const model::FunctionView& view, const TextStyle& style,
                              std::size_t indent);

/// What of the machine's interrupts may not fit; empty if all do.
std::string render_budget(const model::InterruptBudget& budget, const TextStyle& style,
                          std::size_t indent);

}  // namespace tenon::cli
