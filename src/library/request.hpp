// From the words of a command line to the plan of a machine. The same for `plan` and `run`.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "library/gather.hpp"
#include "library/memory_argument.hpp"
#include "model/machine_plan.hpp"

namespace tenon::library {

/// What both commands are told of the machine.
struct MachineArguments {
    std::string version;                 ///< --machine; empty: the current one.
    std::vector<std::string> ports;      ///< --port, in order.
    std::vector<std::string> devices;    ///< DEVICE or --device, in order.
    std::string memory{default_memory};  ///< --memory
    std::string cpus = "1";              ///< --cpus
    Opening opening = Opening::Allowed;
};

/// Gathers the facts of every device and makes the plan.
/// Errors: wrong words, unreadable devices, requests that contradict themselves.
Result<model::MachinePlan> plan_machine(const Host& host, const MachineArguments& arguments);

}  // namespace tenon::library
