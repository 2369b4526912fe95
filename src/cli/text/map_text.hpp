// Configuration space as a picture in the terminal: one letter a dword, the guest beside the host.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// A picture of every function of the plan with its legend. The rows hold as many dwords as the
/// width has room for: 16, 32 (from 74 columns on) or 64.
std::string render_map_text(const model::machine::MachinePlan& plan, const TextStyle& style);

}  // namespace tenon::cli::text
