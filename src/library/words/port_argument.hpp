// What `--port NAME[,key=value…]` on the command line means.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/keys.hpp"
#include "model/machine/request.hpp"

namespace tenon::library::words {

/// The keys of a root port in words.
std::vector<KeyWords> port_keys();

/// Reads `NAME[,key=value…]` of a root port.
/// Errors: Malformed, naming the key and the known ones, or the value and what it may be; and for
/// keys that contradict each other.
Result<model::chosen::PortRequest> parse_port_argument(std::string_view text);

}  // namespace tenon::library::words
