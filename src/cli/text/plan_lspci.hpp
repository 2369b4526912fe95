// The guest's view as a dump that `lspci -F` reads.
#pragma once

#include <string>

#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// Every function of the plan that has a guest view, as `lspci -xxxx -n` prints it, at its address
/// in the guest. Only bytes that are known: 64, 256 or 4096 of each.
std::string render_lspci(const model::machine::MachinePlan& plan);

}  // namespace tenon::cli::text
