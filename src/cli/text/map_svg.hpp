// The same picture as one SVG file, for a bug report.
#pragma once

#include <string>

#include "model/machine/machine_plan.hpp"

namespace tenon::cli::text {

/// A picture of every function of the plan, one below the other. Readable on light and dark, text
/// can be selected, each range tells its name, offsets and action when pointed at.
std::string render_map_svg(const model::machine::MachinePlan& plan);

}  // namespace tenon::cli::text
