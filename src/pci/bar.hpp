// Base address registers, as the header shows them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pci/config_image.hpp"

namespace tenon::pci {

/// What a BAR asks for. Source: PCIe Base Spec 6.0, 7.5.1.2.1.
enum class BarKind { Memory32, Memory64, Io };

constexpr std::string_view name_of(BarKind kind) {
    switch (kind) {
        case BarKind::Memory32:
            return "32-bit memory";
        case BarKind::Memory64:
            return "64-bit memory";
        case BarKind::Io:
            return "I/O ports";
    }
    return "";
}

/// One base address register, or a pair of them.
struct Bar {
    unsigned index = 0;  ///< Of its first register: 0..5.
    BarKind kind = BarKind::Memory32;
    bool prefetchable = false;
    std::uint64_t address = 0;  ///< On the host; 0 if none was assigned.

    bool operator==(const Bar&) const = default;
};

/// The low bits of a BAR register of this kind: what a guest reads beside the address.
constexpr std::uint32_t bar_flags(BarKind kind, bool prefetchable) {
    if (kind == BarKind::Io) return 1;
    return (kind == BarKind::Memory64 ? 4u : 0u) | (prefetchable ? 8u : 0u);
}

/// The BARs of a type 0 header that are not all zero. One that is zero and has no flag cannot be
/// told from an absent one by these bytes.
std::vector<Bar> list_bars(const ConfigImage& image);

}  // namespace tenon::pci
