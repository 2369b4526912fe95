#include "capture/text/clean.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace tenon::capture::text {
namespace {

constexpr char escape = '\x1b';

std::uint8_t byte_of(char letter) { return static_cast<std::uint8_t>(letter); }

bool is_alphabetic(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool may_need_cleaning(std::string_view line) {
    return std::ranges::any_of(line, [](char letter) {
        const auto byte = byte_of(letter);
        return (byte < ' ' && letter != '\t') || byte >= 0x7f || letter == '&' || letter == '<' ||
               letter == '=';
    });
}

// Bytes of the escape sequence at the front. Source: ECMA-48, 5.4 and 8.3.89 (OSC).
std::size_t escape_size(std::string_view text) {
    if (text.size() < 2) return text.size();
    if (text[1] == ']') {
        const auto end = text.find_first_of("\x07\x1b", 2);
        if (end == std::string_view::npos) return text.size();
        return std::min(text.size(), end + (text[end] == escape ? 2 : 1));
    }
    if (text[1] != '[') return 2;
    std::size_t at = 2;
    while (at < text.size() && byte_of(text[at]) >= 0x20 && byte_of(text[at]) < 0x40)
        ++at;
    return std::min(text.size(), at + 1);
}

// A piece of text: how long it is, and the code that it stands for; none: nothing.
struct Piece {
    std::size_t size;
    std::optional<std::uint32_t> code;
};

std::optional<Piece> entity(std::string_view text) {
    struct Named {
        std::string_view name;
        std::uint32_t code;
    };
    static constexpr std::array<Named, 6> known{
        {{"gt", '>'}, {"lt", '<'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}}};
    const auto end = text.substr(0, 10).find(';');
    if (end == std::string_view::npos || end < 2) return std::nullopt;
    auto name = text.substr(1, end - 1);
    for (const auto& one : known)
        if (one.name == name) return Piece{.size = end + 1, .code = one.code};
    if (name.front() != '#') return std::nullopt;
    name.remove_prefix(1);
    const bool hex = name.starts_with('x') || name.starts_with('X');
    if (hex) name.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [stop, error] =
        std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
    if (error != std::errc{} || name.empty() || stop != name.data() + name.size())
        return std::nullopt;
    return Piece{.size = end + 1, .code = code};
}

// A tag of HTML that people and their programs put around a dump. `<unassigned>` is none.
std::optional<Piece> tag(std::string_view text) {
    static constexpr std::array<std::string_view, 22> known{
        "a", "b",   "blockquote", "br",   "code",   "div",   "em",    "font", "i",  "kbd", "li",
        "p", "pre", "samp",       "span", "strong", "table", "tbody", "td",   "tr", "tt",  "u"};
    const auto end = text.substr(0, 512).find('>');
    if (end == std::string_view::npos) return std::nullopt;
    auto name = text.substr(1, end - 1);
    if (name.starts_with('/')) name.remove_prefix(1);
    const auto letters = std::ranges::find_if_not(name, is_alphabetic) - name.begin();
    std::string lower{name.substr(0, static_cast<std::size_t>(letters))};
    std::ranges::transform(lower, lower.begin(),
                           [](char letter) { return static_cast<char>(letter | 0x20); });
    if (std::ranges::find(known, lower) == known.end()) return std::nullopt;
    const auto rest = name.substr(lower.size());
    if (!rest.empty() && rest.front() != ' ' && rest.front() != '/') return std::nullopt;
    if (lower == "br") return Piece{.size = end + 1, .code = '\n'};
    return Piece{.size = end + 1, .code = std::nullopt};
}

// A letter of more than one byte of UTF-8; a lone byte is taken for Latin-1.
Piece wide_letter(std::string_view text) {
    const auto first = byte_of(text.front());
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    std::uint32_t code = first & (0xffu >> (size + 1));
    if (first < 0xc2 || first > 0xf4 || size > text.size()) return {.size = 1, .code = first};
    for (const auto next : text.substr(1, size - 1)) {
        if ((byte_of(next) & 0xc0) != 0x80) return {.size = 1, .code = first};
        code = code << 6 | (byte_of(next) & 0x3f);
    }
    return {.size = size, .code = code};
}

// What `=` and two digits stand for: only what an encoder writes so in a text like ours. A BAR of
// 32 MiB has [size=32M], which is none of these. Source: RFC 2045, 6.7.
std::optional<Piece> quoted(std::string_view text) {
    if (text.size() < 3) return std::nullopt;
    std::uint8_t code = 0;
    const auto [stop, error] = std::from_chars(text.data() + 1, text.data() + 3, code, 16);
    if (error != std::errc{} || stop != text.data() + 3) return std::nullopt;
    if (code != '=' && code != ' ' && code != '\t' && code < 0x80) return std::nullopt;
    return Piece{.size = 3, .code = code};
}

void unquote(std::string_view line, std::string& room) {
    for (std::size_t at = 0; at < line.size();) {
        const auto piece = line[at] == '=' ? quoted(line.substr(at)) : std::nullopt;
        room.push_back(piece ? static_cast<char>(*piece->code) : line[at]);
        at += piece ? piece->size : 1;
    }
}

// What is put into the cleaned line for a code; 0: nothing.
char plain(std::uint32_t code) {
    if (code == '\n' || code == '\t' || (code >= ' ' && code < 0x7f))
        return static_cast<char>(code);
    if (code == '\v' || code == '\f' || code == 0xa0 || (code >= 0x2000 && code <= 0x200a) ||
        code == 0x202f || code == 0x3000)
        return ' ';
    if ((code >= 0x200b && code <= 0x200f) || code == 0x2060 || code == 0xfeff) return '\0';
    if (code == 0x2502 || code == 0x2503 || code == 0x2551 || code == 0x258f || code == 0x258e)
        return '|';
    return '?';
}

Piece next_piece(std::string_view text) {
    const char letter = text.front();
    if (letter == escape) return {.size = escape_size(text), .code = std::nullopt};
    if (letter == '&')
        if (const auto piece = entity(text)) return *piece;
    if (letter == '<')
        if (const auto piece = tag(text)) return *piece;
    if (byte_of(letter) >= 0x80) return wide_letter(text);
    return {.size = 1, .code = byte_of(letter)};
}

}  // namespace

std::string_view clean(std::string_view line, std::string& room) {
    if (!may_need_cleaning(line)) return line;
    room.clear();
    std::string decoded;
    if (line.contains('=')) {
        unquote(line, decoded);
        line = decoded;
    }
    while (!line.empty()) {
        const auto piece = next_piece(line);
        const char letter = piece.code ? plain(*piece.code) : '\0';
        if (letter != '\0') room.push_back(letter);
        line.remove_prefix(piece.size);
    }
    return room;
}

}  // namespace tenon::capture::text
