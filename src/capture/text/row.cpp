#include "capture/text/row.hpp"

#include <algorithm>
#include <charconv>

#include "pci/config_image.hpp"

namespace tenon::capture::text {
namespace {

bool is_space(char letter) { return letter == ' ' || letter == '\t'; }

bool is_hex(char letter) { return hex_value(letter) < 16; }

bool is_word(char letter) {
    return is_hex(letter) || (letter >= 'g' && letter <= 'z') || (letter >= 'G' && letter <= 'Z') ||
           letter == '_' || letter == '+' || letter == '-' || letter == ':' || letter == '.';
}

std::size_t hex_digits(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_hex) - text.begin());
}

std::size_t spaces(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_space) - text.begin());
}

// Digits of the group at the front; 0 if what is there is none.
std::size_t group_digits(std::string_view text) {
    const auto digits = hex_digits(text);
    if (digits < text.size() && is_word(text[digits])) return 0;
    return digits == 2 || digits == 4 || digits == 8 || digits == 16 ? digits : 0;
}

void append(Row& row, std::string_view digits) {
    for (; digits.size() >= 2; digits.remove_prefix(2))
        row.bytes[row.count++] =
            static_cast<std::byte>(hex_value(digits[0]) << 4 | hex_value(digits[1]));
}

// Takes the groups at the front of `text`.
void take_groups(Row& row, std::string_view text) {
    for (std::size_t group = 0; row.count < most_row_bytes + row.width; ++group) {
        const auto gap = spaces(text);
        const auto next = text.substr(gap);
        if (next.empty() || (gap == 0 && group != 0) || group_digits(next) != 2 * row.width) break;
        if (gap > 1) row.gaps |= std::uint64_t{1} << group;
        append(row, next.substr(0, 2 * row.width));
        text = next.substr(2 * row.width);
    }
    row.behind = text.substr(spaces(text));
}

}  // namespace

unsigned hex_value(char letter) {
    if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
    if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a' + 10);
    if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A' + 10);
    return 16;
}

std::optional<std::size_t> offset_value(std::string_view digits, int radix) {
    std::size_t value = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, radix);
    if (error != std::errc{} || stop != end || value > pci::express_size) return std::nullopt;
    return value;
}

std::optional<Row> as_row(std::string_view line) {
    if (line.empty() || !is_hex(line.front())) return std::nullopt;
    const bool prefixed = line.starts_with("0x") || line.starts_with("0X");
    if (prefixed) line.remove_prefix(2);
    const auto digits = hex_digits(line.substr(0, 9));
    if (digits < 2 || digits > 8 || digits == line.size()) return std::nullopt;
    const bool colon = line[digits] == ':';
    if (!colon && (digits < 4 || prefixed)) return std::nullopt;
    const auto rest = line.substr(digits + (colon ? 1 : 0));
    const auto gap = spaces(rest);
    if (gap == 0) return std::nullopt;
    const auto first = group_digits(rest.substr(gap));
    if (first == 0 || (!colon && first > 2 && digits < 6)) return std::nullopt;
    Row row{.offset = line.substr(0, digits), .colon = colon, .width = first / 2};
    take_groups(row, rest);
    return row;
}

bool is_end(std::string_view line) {
    return line.size() >= 4 && line.size() <= 8 && hex_digits(line) == line.size();
}

std::optional<PlainHex> as_plain_hex(std::string_view line) {
    const auto whole = hex_digits(line);
    PlainHex plain{.width = 1, .digits = whole};
    if (whole == line.size())
        return whole >= 16 && whole % 2 == 0 ? std::optional{plain} : std::nullopt;
    const auto first = group_digits(line);
    if (first == 0 || first != whole) return std::nullopt;
    plain = {.width = first / 2, .digits = 0};
    while (!line.empty()) {
        if (group_digits(line) != first) return std::nullopt;
        plain.digits += first;
        line.remove_prefix(first);
        line.remove_prefix(spaces(line));
    }
    return plain;
}

}  // namespace tenon::capture::text
