// Lines of `lspci -v` about capabilities: each one's own, and what -vv tells of its registers.
#pragma once

#include <string_view>

#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// Puts what a line tells into `said`; `inside` becomes true with the first capability. Whether it
/// is a line that is known here.
bool take_capability_line(std::string_view line, bool& inside, Said& said);

}  // namespace tenon::capture::listing
