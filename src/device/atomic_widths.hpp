// Widths of AtomicOps as people write and read them. In facts they are a mask: atomics_32 and its
// like.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenon::device {

/// The widths of `mask` in bits, the narrowest first.
std::vector<unsigned> list_widths(std::uint32_t mask);

/// "32+64", or "none".
std::string key_of_widths(std::uint32_t mask);

/// "32 and 64 bit", "32, 64 and 128 bit", or "no".
std::string words_of_widths(std::uint32_t mask);

/// Reads "32+64": 32, 64 and 128, at least one, each at most once.
/// Errors: Malformed, quoting what is none of them.
Result<std::uint32_t> parse_widths(std::string_view text);

}  // namespace tenon::device
