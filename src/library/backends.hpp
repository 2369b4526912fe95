// Processes that are devices, from their words to what is asked of a plan: at a machine's start and
// while it runs.
#pragma once

#include <set>
#include <string_view>

#include "base/result.hpp"
#include "library/words/backend_argument.hpp"
#include "model/machine/arrival.hpp"
#include "model/machine/request.hpp"

namespace tenon::library {

/// What is asked of a plan: all that is known of a process is what was said.
model::machine::DeviceRequest request_of(const words::BackendArgument& said);

/// Gives a network that is started by us and has no station address one that is not `taken`:
/// 52:54:00:12:34:56, or the next. It is taken afterwards. Outside of the guest nobody sees it.
void give_address(model::virtio::Backend& backend, std::set<model::virtio::MacAddress>& taken);

/// Plans the arrival of a process in a machine that runs. `option` is the name of one of
/// words::backend_options(), `keys` are "key=value,key=value" as in a table of that name in the
/// file of a machine. Nothing is started or connected.
/// Errors: wrong words; Busy for what another device of the machine has (model::claim_of()); those
/// of model::plan_arrival().
Result<model::machine::Arrival> plan_process_arrival(std::string_view option, std::string_view keys,
                                                     const model::machine::RunningMachine& machine);

}  // namespace tenon::library
