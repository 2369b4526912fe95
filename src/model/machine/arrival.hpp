// A function that comes to a machine which runs: what its guest will see of it, decided by the same
// rules as at the start.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/machine/new_warnings.hpp"

namespace tenon::model::machine {

/// A machine as it is now.
struct RunningMachine {
    const MachinePlan& plan;  ///< As it started.
    /// The ports now, in the order of the plan, with those functions that wait for function 0.
    std::vector<std::shared_ptr<const slot::PortPlan>> ports;
};

/// A port whose plan changes because of what comes to another one, or goes from it: how functions
/// are reset follows from who is in the machine.
struct PortChange {
    std::size_t port = 0;  ///< Place in RunningMachine::ports.
    std::shared_ptr<const slot::PortPlan> plan;
};

/// A function and the slot that it comes to.
struct Arrival {
    std::size_t port = 0;                        ///< Place in RunningMachine::ports.
    unsigned number = 0;                         ///< Of the function in its slot.
    std::shared_ptr<const slot::PortPlan> plan;  ///< Of the port, with the function in it.
    std::vector<PortChange> others;
    /// What a user should know of it: of its port, itself, and the machine with it.
    std::vector<std::string> warnings;
    std::vector<FunctionWarnings> of_others;  ///< What is to be known of others because of it.
};

/// A slot that is empty from now on.
struct Departure {
    std::shared_ptr<const slot::PortPlan> plan;  ///< Of its port.
    std::vector<PortChange> others;
    std::vector<FunctionWarnings> of_others;  ///< What is to be known of those who stay.
};

/// Plans the arrival of `device`, whose `port` names where; without, an empty slot that takes
/// functions is chosen. BARs have their places inside the port's windows, which a guest that runs
/// does not have to follow. Errors: Malformed if the request contradicts the machine (no such port,
/// no hot-plug, an id or function that is taken); Unsupported if the guest could not have the
/// device, or its windows are too small, with the reasons and what to do. A reset of the bus that
/// is asked for may lack functions while function 0 is not there: then the slot can still get them.
Result<Arrival> plan_arrival(const RunningMachine& machine, DeviceRequest&& device);

/// Plans that all functions of port `port` go, of the ports as they are now.
Departure plan_departure(std::vector<std::shared_ptr<const slot::PortPlan>> ports,
                         std::size_t port);

}  // namespace tenon::model::machine
