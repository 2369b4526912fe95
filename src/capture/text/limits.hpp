// How much a text of captured facts may have; users read these numbers in docs/users/capture.md.
#pragma once

#include <cstddef>

namespace tenon::capture::text {

/// Bytes of a line. A row is far shorter, with everything that people and programs put around it.
inline constexpr std::size_t longest_line = std::size_t{64} << 10;

/// Functions with rows in one text, functions of which it only says something, and lines about BARs
/// of one of either.
inline constexpr std::size_t most_functions = 4096;
inline constexpr std::size_t most_bar_lines = 64;

/// Marks in front of one line.
inline constexpr std::size_t most_marks = 15;

}  // namespace tenon::capture::text
