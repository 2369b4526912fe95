#include "capture/listing/group_line.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

constexpr std::size_t most_marks_before = 2;
constexpr std::size_t most_words_of_group = 64;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// Takes a word of any case off the front, and the space behind it.
bool take_word(std::string_view& text, std::string_view lower) {
    if (text.size() < lower.size()) return false;
    for (std::size_t n = 0; n < lower.size(); ++n)
        if ((text[n] | 0x20) != lower[n]) return false;
    text = trimmed(text.substr(lower.size()));
    return true;
}

// Takes the number of a group off the front.
std::optional<unsigned> take_number(std::string_view& text) {
    constexpr std::size_t most_digits = 5;
    const auto digits =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    if (digits == 0 || digits > most_digits) return std::nullopt;
    const auto number = parse_number(text.substr(0, digits));
    if (!number || *number > last_group) return std::nullopt;
    text.remove_prefix(digits);
    return static_cast<unsigned>(*number);
}

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find_first_of(" \t"));
}

std::optional<pci::Address> address_of(std::string_view word) {
    while (!word.empty() && std::string_view{":,;'\"`*@"}.contains(word.back()))
        word.remove_suffix(1);
    return pci::Address::parse(word);
}

}  // namespace

std::optional<AddressedText> address_at_front(std::string_view text) {
    text = trimmed(text);
    for (std::size_t n = 0; n < most_marks_before && text.starts_with('['); ++n) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        text = trimmed(text.substr(end + 1));
    }
    const auto word = first_word(text);
    const auto address = address_of(word);
    if (!address) return std::nullopt;
    return AddressedText{.address = *address, .rest = trimmed(text.substr(word.size()))};
}

std::optional<GroupLine> parse_group_line(std::string_view text) {
    const auto begin = text.find_first_not_of("#*=-[ \t");
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    take_word(text, "iommu");
    if (text.starts_with('_')) text.remove_prefix(1);
    if (!take_word(text, "group")) return std::nullopt;
    if (text.starts_with(':') || text.starts_with('#')) text = trimmed(text.substr(1));
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    if (!text.empty() && !std::string_view{":] \t,-="}.contains(text.front())) return std::nullopt;
    // "(isolated: no):"
    if (const auto note = trimmed(text); note.starts_with('('))
        if (const auto end = note.find(')'); end != std::string_view::npos)
            text = note.substr(end + 1);
    const auto rest_at = text.find_first_not_of(":] \t,-=*>#");
    GroupLine line{.number = *number, .address = {}, .rest = {}};
    if (rest_at == std::string_view::npos) return line;
    const auto behind = address_at_front(text.substr(rest_at));
    if (!behind) return std::nullopt;
    line.address = behind->address;
    line.rest = behind->rest;
    return line;
}

std::optional<GroupPath> parse_group_path(std::string_view text) {
    constexpr std::string_view folder = "/iommu_groups/";
    const auto at = text.find(folder);
    if (at == std::string_view::npos) return std::nullopt;
    auto rest = text.substr(at + folder.size());
    const auto number = take_number(rest);
    if (!number) return std::nullopt;
    GroupPath path{.number = *number, .address = {}};
    constexpr std::string_view link = "/iommu_group";
    const auto before = text.substr(0, at);
    if (const auto of = before.find(link); of != std::string_view::npos) {
        const auto folder_of = before.substr(0, of);
        const auto slash = folder_of.rfind('/');
        path.address = pci::Address::parse(
            slash == std::string_view::npos ? folder_of : folder_of.substr(slash + 1));
        return path.address ? std::optional{path} : std::nullopt;
    }
    constexpr std::string_view devices = "/devices";
    if (!rest.starts_with(devices)) return std::nullopt;
    rest.remove_prefix(devices.size());
    if (!rest.starts_with('/')) return path;
    path.address = address_of(first_word(rest.substr(1)));
    return path;
}

std::vector<pci::Address> parse_device_path(std::string_view text) {
    std::vector<pci::Address> way;
    const auto arrow = text.find("-> ");
    if (arrow == std::string_view::npos) return way;
    const auto target = first_word(text.substr(arrow + 3));
    const auto bus = target.find("/devices/pci");
    if (bus == std::string_view::npos) return way;
    for (const auto part : split(target.substr(bus + 1), '/')) {
        const auto address = pci::Address::parse(part);
        if (!address || way.size() > deepest) continue;
        way.push_back(*address);
    }
    return way;
}

std::vector<pci::Address> all_addresses(std::string_view text) {
    std::vector<pci::Address> all;
    while (!text.empty() && all.size() < most_words_of_group) {
        const auto word = first_word(text);
        const auto address = address_of(word);
        if (!address) return {};
        all.push_back(*address);
        text = trimmed(text.substr(word.size()));
    }
    return all;
}

}  // namespace tenon::capture::listing
