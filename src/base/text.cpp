#include "base/text.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace tenon {
namespace {

std::optional<std::uint64_t> parse(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
    return number;
}

struct Unit {
    char letter;
    unsigned shift;
};
constexpr std::array<Unit, 4> units{{{'K', 10}, {'M', 20}, {'G', 30}, {'T', 40}}};

}  // namespace

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::optional<std::uint64_t> parse_hex(std::string_view text) { return parse(text, 16); }

std::optional<std::uint64_t> parse_number(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) return parse(text.substr(2), 16);
    return parse(text, 10);
}

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto wrong = [&] {
        return malformed("\"{}\" is not a size: write bytes, or a number with K, M, G or T", text);
    };
    if (text.empty()) return wrong();
    unsigned shift = 0;
    std::string_view digits = text;
    for (const auto& unit : units) {
        if ((text.back() & ~0x20) != unit.letter) continue;
        shift = unit.shift;
        digits.remove_suffix(1);
    }
    const auto number = parse(digits, 10);
    if (!number) return wrong();
    if (*number > (std::numeric_limits<std::uint64_t>::max() >> shift))
        return malformed("size \"{}\" is larger than 64 bits hold", text);
    return *number << shift;
}

std::string format_size(std::uint64_t bytes) {
    for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
        const std::uint64_t size = 1ull << unit->shift;
        if (bytes >= size && bytes % size == 0)
            return fmt::format("{} {}iB", bytes / size, unit->letter);
    }
    return fmt::format("{} bytes", bytes);
}

}  // namespace tenon
