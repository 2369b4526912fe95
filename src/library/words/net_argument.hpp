// What `user[,key=value…]` of --net means.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/backend_argument.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {

/// Reads `user[,key=value…]`: a network by the host's own sockets.
/// Errors: Malformed, naming the key and the known ones, or the value and what it may be.
Result<BackendArgument> parse_net_argument(std::string_view text);

/// Its keys in words.
std::vector<KeyWords> net_keys();

}  // namespace tenon::library::words
