// Text of other people on its way to a terminal, which obeys what it should show.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tenon {

/// Colours as we write them, SGR sequences of ECMA-48: the only control sequences of our own. The
/// first ends each of the others.
inline constexpr std::array<std::string_view, 7> colour_sequences{
    "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[1;31m", "\x1b[33m", "\x1b[36m"};

/// Whether colour_sequences stay in a text.
enum class Colours { Escaped, Kept };

/// `text` with everything escaped that a terminal would obey and nobody would see: control
/// characters but line end and tab, those of ISO 6429 (C1), marks that turn the direction of
/// writing or have no width, as \uNNNN; bytes that are no UTF-8 as \xNN. In JSON the first form
/// means the same string.
std::string printable(std::string_view text, Colours colours = Colours::Escaped);

/// The same for a text that is to be one line, or a part of one: line ends are escaped too.
std::string printable_line(std::string_view text);

}  // namespace tenon
