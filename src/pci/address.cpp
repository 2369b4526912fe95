#include "pci/address.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace tenon::pci {
namespace {

// The hex number in `text` if it has one of the allowed lengths and is at most `highest`.
std::optional<std::uint64_t> field(std::string_view text, std::size_t shortest, std::size_t longest,
                                   std::uint64_t highest) {
    if (text.size() < shortest || text.size() > longest) return std::nullopt;
    const auto number = parse_hex(text);
    if (!number || *number > highest) return std::nullopt;
    return number;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
    const auto last = split(parts.back(), '.');
    if (last.size() != 2) return std::nullopt;

    std::optional<std::uint64_t> domain = 0;
    if (parts.size() == 3) domain = field(parts.front(), 4, 8, 0xffffffff);
    const auto bus = field(parts[parts.size() - 2], 2, 2, 0xff);
    const auto device = field(last[0], 2, 2, 0x1f);
    const auto function = field(last[1], 1, 1, 7);
    if (!domain || !bus || !device || !function) return std::nullopt;
    return Address{
        .domain = static_cast<std::uint32_t>(*domain),
        .bus = static_cast<std::uint8_t>(*bus),
        .device = static_cast<std::uint8_t>(*device),
        .function = static_cast<std::uint8_t>(*function),
    };
}

std::optional<Address> Address::parse_slot(std::string_view text) {
    if (!text.ends_with(".*")) return std::nullopt;
    text.remove_suffix(1);
    return parse(std::string{text} + '0');
}

std::string slot_text(const Address& address) {
    return fmt::format("{:04x}:{:02x}:{:02x}", address.domain, address.bus, address.device);
}

std::string to_string(const Address& address) {
    return fmt::format("{:04x}:{:02x}:{:02x}.{}", address.domain, address.bus, address.device,
                       address.function);
}

}  // namespace tenon::pci
