// What `--port NAME[,key=value…]` on the command line means.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "model/request.hpp"

namespace tenon::library {

/// Reads `NAME[,key=value…]` of a root port.
/// Errors: Malformed, naming the key and the known ones, or the value and what it may be; and for
/// keys that contradict each other.
Result<model::PortRequest> parse_port_argument(std::string_view text);

}  // namespace tenon::library
