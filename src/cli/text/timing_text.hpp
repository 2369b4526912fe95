// What `tenon run --timing` prints: where the time of the start went.
#pragma once

#include <string>
#include <vector>

#include "base/timeline.hpp"

namespace tenon::cli::text {

/// A line for each moment: milliseconds since the program began, milliseconds since the moment
/// before, what was done then.
std::string render_timeline(const std::vector<Timeline::Moment>& moments);

}  // namespace tenon::cli::text
