// What a user should know before a guest starts: the warnings of functions, ports and budgets, each
// worded in one place, for everybody who says them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// Of a function in its slot, as they stand where its name is above them.
std::vector<std::string> warnings_of_function(const slot::FunctionPlan& function,
                                              const slot::SlotView& slot);

/// Of a port; they name it.
std::vector<std::string> warnings_of_port(const slot::PortPlan& port);

/// Of the machine as a whole: what its budgets lack.
std::vector<std::string> warnings_of_budgets(const MachinePlan& plan);

/// A warning of a function as a line of its own: "dev0 (0000:01:00.0): …".
std::string line_of(const slot::FunctionPlan& function, std::string_view warning);

/// Those of a function as such lines.
std::vector<std::string> lines_of_function(const slot::FunctionPlan& function,
                                           const slot::SlotView& slot);

/// Every warning of a plan as a line, each once, in the order of `tenon plan`.
std::vector<std::string> warnings_of(const MachinePlan& plan);

}  // namespace tenon::model::machine
