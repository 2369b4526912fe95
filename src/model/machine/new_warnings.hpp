// What a change of a machine that runs makes worth saying: warnings that were not true before it.
// Who comes to a slot changes what is true of others there, and of those on its bus of the host.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/machine/interrupt_budget.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::model::machine {

/// What there is to say of one function.
struct FunctionWarnings {
    std::string id;
    std::vector<std::string> warnings;  ///< With its name, as in warnings_of().

    bool operator==(const FunctionWarnings&) const = default;
};

/// All ports of a machine at one time, in the order of its plan.
using PortsNow = std::span<const std::shared_ptr<const slot::PortPlan>>;

/// Of each function of `after` the warnings that it did not have in `before`; functions without any
/// are left out. That a function is not reset is not said while it waits for function 0 of its
/// slot: those who come until then may bring the reset.
std::vector<FunctionWarnings> new_function_warnings(PortsNow before, PortsNow after);

/// New warnings of ports.
std::vector<std::string> new_port_warnings(PortsNow before, PortsNow after);

/// New warnings of the budget of interrupts, with all functions of `after` in it.
std::vector<std::string> new_budget_warnings(PortsNow before, PortsNow after,
                                             const InterruptLimits& limits);

}  // namespace tenon::model::machine
