// `tenon plan`: what a guest would see of each device, and whether it can be assigned.
#pragma once

#include <string>

#include "cli/outcome.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"
#include "library/emit.hpp"

namespace tenon::cli {

/// In which form the plan is printed.
enum class PlanForm { Summary, Text, Json, JsonWithBytes, Lspci, Map };

/// Plans and prints. Status `refused` where a function is not assignable; the plan is printed all
/// the same.
Outcome run_plan(const Host& host, const MachineArguments& arguments, PlanForm form,
                 const text::TextStyle& style);

/// Plans and prints the plan in the words of a manager. The status is as above.
Outcome emit_plan(const Host& host, const MachineArguments& arguments,
                  managed::said::Manager manager, managed::emit::Prefer prefer);

/// Plans and writes the picture of configuration space to `file`, an SVG. The status is as above.
Outcome draw_plan(const Host& host, const MachineArguments& arguments, const std::string& file);

/// Plans and writes a page of HTML to `file`. The status is as above.
Outcome report_plan(const Host& host, const MachineArguments& arguments, const std::string& file);

}  // namespace tenon::cli
