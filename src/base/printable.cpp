#include "base/printable.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace tenon {
namespace {

// One character of UTF-8; of no bytes where there is none.
struct Character {
    std::uint32_t code = 0;
    std::size_t size = 0;
};

// Source: RFC 3629, 3 and 4.
Character first_of(std::string_view text) {
    const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(text[n]); };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80) return {.code = lead, .size = 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    std::uint32_t code = lead & (0x7fu >> size);
    for (std::size_t n = 1; n < size; ++n) {
        if ((byte(n) & 0xc0) != 0x80) return {};
        code = code << 6 | (byte(n) & 0x3fu);
    }
    const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (overlong || surrogate || code > 0x10ffff) return {};
    return {.code = code, .size = size};
}

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

// Control characters, and what Unicode has among its format characters (Cf) and separators of lines
// and paragraphs.
constexpr std::array<Range, 12> unseen{{{0x00, 0x08},
                                        {0x0b, 0x1f},
                                        {0x7f, 0x9f},
                                        {0xad, 0xad},
                                        {0x61c, 0x61c},
                                        {0x180e, 0x180e},
                                        {0x200b, 0x200f},
                                        {0x2028, 0x202e},
                                        {0x2060, 0x206f},
                                        {0xfeff, 0xfeff},
                                        {0xfff9, 0xfffb},
                                        {0xe0000, 0xe007f}}};

bool is_unseen(std::uint32_t code) {
    return std::ranges::any_of(
        unseen, [&](const Range& range) { return code >= range.first && code <= range.last; });
}

void append_escaped(std::string& out, std::uint32_t code) {
    if (code < 0x10000) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
        return;
    }
    const auto past = code - 0x10000;
    fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xd800 + (past >> 10),
                   0xdc00 + (past & 0x3ff));
}

std::size_t colour_at(std::string_view text) {
    const auto* const colour = std::ranges::find_if(
        colour_sequences, [&](std::string_view one) { return text.starts_with(one); });
    return colour == colour_sequences.end() ? 0 : colour->size();
}

std::string escape(std::string_view text, Colours colours, bool line_ends) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        // Most of any text.
        const auto plain = static_cast<std::size_t>(
            std::ranges::find_if_not(text, [](char c) { return c >= ' ' && c <= '~'; }) -
            text.begin());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const auto colour = colours == Colours::Kept && text[0] == '\x1b' ? colour_at(text) : 0;
        const auto [code, size] = first_of(text);
        if (colour != 0) {
            out += text.substr(0, colour);
        } else if (size == 0) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                           static_cast<unsigned char>(text[0]));
        } else if (is_unseen(code) || (line_ends && code == '\n')) {
            append_escaped(out, code);
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(std::max({colour, size, std::size_t{1}}));
    }
    return out;
}

}  // namespace

std::string printable(std::string_view text, Colours colours) {
    return escape(text, colours, false);
}

std::string printable_line(std::string_view text) { return escape(text, Colours::Escaped, true); }

}  // namespace tenon
