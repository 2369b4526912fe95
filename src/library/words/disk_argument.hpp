// What `FILE[,key=value…]` of --disk means.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/backend_argument.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {

/// Reads `FILE[,key=value…]`: an image, or a block device of the host. Nothing is opened.
/// Errors: Malformed, naming the key and the known ones, or the value and what it may be.
Result<BackendArgument> parse_disk_argument(std::string_view text);

/// Its keys in words.
std::vector<KeyWords> disk_keys();

}  // namespace tenon::library::words
