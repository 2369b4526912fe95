// A function that comes to a machine which runs: what its guest will see of it, decided by the same
// rules as at the start.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// A machine as it is now.
struct RunningMachine {
    const MachinePlan& plan;  ///< As it started.
    /// The ports now, in the order of the plan, with those functions that wait for function 0.
    std::vector<std::shared_ptr<const slot::PortPlan>> ports;
};

/// A function and the slot that it comes to.
struct Arrival {
    std::size_t port = 0;                        ///< Place in RunningMachine::ports.
    unsigned number = 0;                         ///< Of the function in its slot.
    std::shared_ptr<const slot::PortPlan> plan;  ///< Of the port, with the function in it.
};

/// Plans the arrival of `device`, whose `port` names where; without, an empty slot that takes
/// functions is chosen. BARs have their places inside the port's windows, which a guest that runs
/// does not have to follow. Errors: Malformed if the request contradicts the machine (no such port,
/// no hot-plug, an id or function that is taken); Unsupported if the guest could not have the
/// device, or its windows are too small, with the reasons and what to do.
Result<Arrival> plan_arrival(const RunningMachine& machine, DeviceRequest device);

/// The plan of a port whose slot is empty.
slot::PortPlan emptied(slot::PortPlan port);

}  // namespace tenon::model::machine
