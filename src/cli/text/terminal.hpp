// What text for people looks like where it goes: how wide, and whether in colour.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::cli::text {

/// What a piece of text is, which chooses its colour.
enum class Tone { Plain, Strong, Faint, Good, Bad, Warning, Ours };

/// Columns by which what belongs to a heading stands in.
inline constexpr std::size_t inner = 4;

/// How to lay out text.
struct TextStyle {
    std::size_t width = 100;  ///< Columns.
    bool colour = false;

    /// `text` in the colour of `tone`, if colours are on.
    std::string paint(Tone tone, std::string_view text) const;
};

/// The style of standard output: the terminal's width and colours, or 100 columns and none if it is
/// not one. NO_COLOR (not empty) and TERM=dumb switch colours off, COLUMNS sets the width.
TextStyle style_of_output();

/// How many columns `text` takes: one a character, whatever its bytes in UTF-8.
std::size_t columns(std::string_view text);

/// `text` in lines of at most `width` columns, broken at spaces. A longer word has its own line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace tenon::cli::text
