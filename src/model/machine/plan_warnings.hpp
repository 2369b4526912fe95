// What a user should know before a guest starts, or before a function comes to one: the warnings of
// functions, ports and budgets in one list.
#pragma once

#include <string>
#include <vector>

#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// Every warning of a plan, each once, with whom it is of ("dev0 (0000:01:00.0): …"), in the order
/// of `tenon plan`.
std::vector<std::string> warnings_of(const MachinePlan& plan);

/// Those that a function of this number brings to a port: its own and its port's.
std::vector<std::string> warnings_of_arrival(const slot::PortPlan& port, unsigned number);

}  // namespace tenon::model::machine
