// What `FOLDER,tag=NAME[,key=value…]` of --share means.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/backend_argument.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {

/// Reads `FOLDER,tag=NAME[,key=value…]`. Nothing is opened.
/// Errors: Malformed, naming the key and the known ones, or the value and what it may be.
Result<BackendArgument> parse_share_argument(std::string_view text);

/// Whether that names a folder, and keys that are right by themselves; tag= may be missing.
/// Errors: as parse_share_argument().
Result<void> check_share_keys(std::string_view text);

/// Its keys in words.
std::vector<KeyWords> share_keys();

}  // namespace tenon::library::words
