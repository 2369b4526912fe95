// The same picture as one SVG file, for a bug report.
#pragma once

#include <string>

#include "model/machine_plan.hpp"

namespace tenon::cli {

/// A picture of every function of the plan, one below the other. Readable on light and dark, text
/// can be selected, each range tells its name, offsets and action when pointed at.
std::string render_map_svg(const model::MachinePlan& plan);

}  // namespace tenon::cli
