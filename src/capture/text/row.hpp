// A line of a dump: where its bytes are, and its bytes, in every form that programs print.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::capture::text {

/// Bytes of the longest row that is read.
inline constexpr std::size_t most_row_bytes = 32;

/// A row as it is written: an offset, and groups of hex digits of one width.
struct Row {
    std::string_view offset;  ///< Its digits, without 0x. Their radix is for the block to find.
    bool colon = false;       ///< Whether one stands behind the offset; such an offset is hex.
    std::size_t width = 1;    ///< Bytes of a group: 1, 2, 4 or 8, in the order of its digits.
    std::size_t count = 0;    ///< Bytes, at most most_row_bytes and one group.
    std::array<std::byte, most_row_bytes + 8> bytes{};
    std::uint64_t gaps = 0;   ///< Bit n: more than one space in front of group n.
    std::string_view behind;  ///< What follows the last group, without the space between.
};

/// Reads a line that begins as a row does: an offset of 2 to 8 digits and a colon, or of 4 to 8
/// digits without one, then a group. Such an offset without colon has at least 6 digits where its
/// groups are wider than a byte.
std::optional<Row> as_row(std::string_view line);

/// Whether the line is an offset alone, as hexdump and od end a dump.
bool is_end(std::string_view line);

/// The bytes of a line that is nothing but hex digits, in groups of one width or without any, as
/// `xxd -p` prints them: none if it is another line.
struct PlainHex {
    std::size_t width = 1;  ///< As of a row; 1 where there are no groups.
    std::size_t digits = 0;
};
std::optional<PlainHex> as_plain_hex(std::string_view line);

/// The value of a hex digit; 16 for any other letter.
unsigned hex_value(char letter);

/// The number in `digits`, which are of `radix` 8, 10 or 16; none if they are not, or if it is more
/// than configuration space has.
std::optional<std::size_t> offset_value(std::string_view digits, int radix);

}  // namespace tenon::capture::text
