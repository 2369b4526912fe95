// Numbers and words in text that somebody typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenon {

/// `text` without white space at its ends.
std::string_view trimmed(std::string_view text);

/// Takes `prefix` off the front of `text`; whether it was there.
bool take_prefix(std::string_view& text, std::string_view prefix);

/// The parts of `text` between `separator`s; one empty part for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A number in hex digits without prefix, all of `text`; at most 64 bits.
std::optional<std::uint64_t> parse_hex(std::string_view text);

/// A number in decimal, or in hex with 0x in front, all of `text`.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// A size in bytes: a decimal number, optionally followed by K, M, G or T (powers of 1024).
/// Errors: Malformed, quoting `text`; too large for 64 bits too.
Result<std::uint64_t> parse_size(std::string_view text);

/// A size for people: "16 KiB", "4 GiB", "20 bytes". Exact: the largest unit that divides it.
std::string format_size(std::uint64_t bytes);

}  // namespace tenon
