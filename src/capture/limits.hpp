// How much a file of captured facts may have. One that has more is refused; users read these
// numbers in docs/users/capture.md.
#pragma once

#include <cstddef>

#include "base/json_scan.hpp"

namespace tenon::capture {

/// Bytes of a file. What a text may have is in text/limits.hpp.
inline constexpr std::size_t longest_file = std::size_t{64} << 20;

/// Bytes of a text with dumps, which is read in pieces.
inline constexpr std::size_t longest_text = std::size_t{256} << 20;

/// A JSON document.
inline constexpr std::size_t longest_document = std::size_t{16} << 20;
inline constexpr JsonLimits document_limits{.bytes = longest_document};

/// Functions in a capture, and entries of what each function has lists of.
inline constexpr std::size_t most_functions = 1024;
inline constexpr std::size_t most_bridges = 32;
inline constexpr std::size_t most_members = 4096;
inline constexpr std::size_t most_uses = 256;
inline constexpr std::size_t most_ranges = 4096;
inline constexpr std::size_t most_areas = 4096;
inline constexpr std::size_t most_methods = 16;

/// Functions that an error lists.
inline constexpr std::size_t most_shown = 32;

}  // namespace tenon::capture
