// How deep a TOML text nests, before a parser reads it that follows each level by a call of itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tenon::library::words {

/// Levels that a key with dots, and brackets around values, may have each.
inline constexpr std::size_t deepest_toml = 32;

/// The line, from 1, where `text` nests deeper than deepest_toml: by the dots of a key or of a
/// table's name, or by brackets and braces. None: nowhere. Text in quotes and comments has no
/// levels. Where `text` is no TOML, a parser ends before what this may take wrongly.
/// Source: TOML 1.0.0.
std::optional<std::size_t> find_too_deep(std::string_view text);

}  // namespace tenon::library::words
