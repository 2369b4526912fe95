#include "capture/text/header.hpp"

#include <algorithm>
#include <cstdint>

#include "pci/config_image.hpp"
#include "pci/header.hpp"

namespace tenon::capture::text {
namespace {

unsigned at(std::span<const std::byte> bytes, std::size_t offset) {
    return std::to_integer<unsigned>(bytes[offset]);
}

bool has_capabilities(std::span<const std::byte> bytes) { return (at(bytes, 6) & 0x10) != 0; }

unsigned list_begins(std::span<const std::byte> bytes) {
    constexpr unsigned cardbus = 2;
    return at(bytes, (at(bytes, 14) & 0x7f) == cardbus ? 0x14 : 0x34) & ~3u;
}

}  // namespace

bool may_be_header(std::span<const std::byte> bytes) {
    if (bytes.size() < pci::header_size) return false;
    const auto vendor = at(bytes, 0) | at(bytes, 1) << 8;
    if (vendor == 0 || vendor == 0xffff) return false;
    constexpr unsigned command_reserved = 0xf8;  // Of its upper byte.
    constexpr unsigned status_reserved = 0x06;   // Of its lower byte.
    if ((at(bytes, 5) & command_reserved) != 0 || (at(bytes, 6) & status_reserved) != 0)
        return false;
    const auto base_class = at(bytes, 11);
    if (base_class > 0x13 && base_class != 0x40 && base_class != 0xff) return false;
    if ((at(bytes, 14) & 0x7f) > 2) return false;
    return !has_capabilities(bytes) || list_begins(bytes) >= 0x40;
}

bool is_surely_header(std::span<const std::byte> bytes) {
    return may_be_header(bytes) && has_capabilities(bytes);
}

std::vector<std::byte> reversed_groups(std::span<const std::byte> bytes, std::size_t width) {
    std::vector<std::byte> turned{bytes.begin(), bytes.end()};
    for (std::size_t from = 0; from + width <= turned.size(); from += width)
        std::reverse(turned.begin() + static_cast<std::ptrdiff_t>(from),
                     turned.begin() + static_cast<std::ptrdiff_t>(from + width));
    return turned;
}

}  // namespace tenon::capture::text
