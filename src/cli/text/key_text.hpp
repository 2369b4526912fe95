// Tables of keys as lines of --help.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "library/words/keys.hpp"

namespace tenon::cli::text {

/// A line for each key, "name=value  what", wrapped; `indent` columns before it, and what it does
/// from `column` on.
std::string render_keys(std::span<const library::words::KeyWords> keys, std::size_t indent,
                        std::size_t column);

}  // namespace tenon::cli::text
