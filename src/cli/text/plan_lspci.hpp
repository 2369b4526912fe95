// The guest's view as a dump that `lspci -F` reads.
#pragma once

#include <string>

#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// Every function of the plan that has a guest view, as `lspci -xxxx -n` prints it, at its address
/// in the guest. Only bytes that are known: 64, 256 or 4096 of each.
std::string render_lspci(const model::machine::MachinePlan& plan);

/// Of functions that are known by words alone, that there are no bytes to print; empty: none is.
std::string render_lack_of_bytes(const model::machine::MachinePlan& plan);

}  // namespace tenon::cli::text
