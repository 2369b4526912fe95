// Functions that come to a slot.
//
// A change is made as a new plan of the port beside the one that stands: nothing is altered in
// place. Who carries it out lets the functions that stay and the port follow the new plan
// (ConfigState::follow) while the guest does not look: before the presence of what came is
// announced, after what went is gone from the guest.
#pragma once

#include "base/result.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::model::slot {

/// Works out all that follows from the functions that `port` has and from the port's own place:
/// their order, addresses and pins, its slot's view with every warning, each function's own bits,
/// the port's registers. The result depends on nothing else. BARs are placed by the machine.
void settle(PortPlan& port);

/// The plan of `port` with `function` in its slot, at FunctionView::function.
/// Errors: Malformed if that number is none of 0 to 7, or taken.
Result<PortPlan> with_function(PortPlan port, const FunctionPlan& function);

}  // namespace tenon::model::slot
