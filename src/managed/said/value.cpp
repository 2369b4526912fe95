#include "managed/said/value.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <ranges>

#include "base/text.hpp"

namespace tenon::managed::said {
namespace {

std::optional<std::uint64_t> digits(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> part(std::string_view text, std::uint64_t most) {
    const auto number = parse_hex(text);
    return number && *number <= most ? number : std::nullopt;
}

}  // namespace

std::string to_string(const Place& place) {
    if (place.line != 0) return fmt::format("{}:{}", place.file, place.line);
    if (place.word != 0) return fmt::format("{}, word {}", place.file, place.word);
    return place.file;
}

const Value* Properties::find(std::string_view name) const {
    for (const auto& property : all_ | std::views::reverse)
        if (property.name == name) return &property.value;
    return nullptr;
}

std::string_view Properties::text(std::string_view name) const {
    const auto* const value = find(name);
    return value == nullptr ? std::string_view{} : value->text;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) return digits(text.substr(2), 16);
    if (text.size() > 1 && text.starts_with('0')) return digits(text.substr(1), 8);
    return digits(text, 10);
}

std::optional<bool> parse_flag(std::string_view text) {
    constexpr std::array<std::string_view, 4> yes{"on", "yes", "true", "y"};
    constexpr std::array<std::string_view, 4> no{"off", "no", "false", "n"};
    if (std::ranges::find(yes, text) != yes.end()) return true;
    if (std::ranges::find(no, text) != no.end()) return false;
    return std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t unit) {
    constexpr std::string_view letters = "bkmgtpe";
    if (text.empty()) return std::nullopt;
    const auto letter = letters.find(static_cast<char>(text.back() | 0x20));
    if (letter != std::string_view::npos) {
        unit = std::uint64_t{1} << (10 * letter);
        text.remove_suffix(1);
    }
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const auto number = hex ? digits(text.substr(2), 16) : digits(text, 10);
    if (!number || (unit != 0 && *number > std::numeric_limits<std::uint64_t>::max() / unit))
        return std::nullopt;
    return *number * unit;
}

std::optional<pci::Address> parse_host_address(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
    const auto domain = parts.size() == 3 ? part(parts[0], 0xffffffff) : 0;
    const auto bus = part(parts[parts.size() - 2], 0xff);
    const auto slot = split(parts.back(), '.');
    if (slot.size() != 2) return std::nullopt;
    const auto device = part(slot[0], 0x1f);
    const auto function = part(slot[1], 7);
    if (!domain || !bus || !device || !function) return std::nullopt;
    return pci::Address{.domain = static_cast<std::uint32_t>(*domain),
                        .bus = static_cast<std::uint8_t>(*bus),
                        .device = static_cast<std::uint8_t>(*device),
                        .function = static_cast<std::uint8_t>(*function)};
}

}  // namespace tenon::managed::said
