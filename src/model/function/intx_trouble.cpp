#include "model/function/intx_trouble.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

namespace tenon::model::function {
namespace {

using enum IntxFault;

constexpr std::string_view listed = "Linux, drivers/pci/quirks.c, quirk_broken_intx_masking";
constexpr std::string_view mellanox =
    "Linux, drivers/pci/quirks.c, mellanox_check_broken_intx_masking; commit d76d2fe05fd9";
constexpr std::string_view creative =
    "Linux, drivers/pci/quirks.c, quirk_broken_intx_masking; "
    "https://lore.kernel.org/linux-pci/20240912215331.839220-1-alex.williamson@redhat.com";
constexpr std::string_view hidden = "Linux, drivers/vfio/pci/vfio_pci_core.c, vfio_pci_nointx";

constexpr auto known_intx_trouble = std::to_array<IntxTrouble>({
    {{0x10ec, 0x8169, 0x8169}, NotMasked, listed},    // Realtek RTL8169, RTL8110SC
    {{0x1102, 0x000b, 0x000b}, NotMasked, creative},  // Creative EMU20k2, X-Fi Titanium HD
    {{0x1425, 0x0030, 0x0030}, NotMasked, listed},    // Chelsio T310
    {{0x1814, 0x0601, 0x0601}, NotMasked, listed},    // Ralink RT2800
    {{0x1b7c, 0x0004, 0x0004}, NotMasked, listed},    // Ceton InfiniTV4
    {{0x15b3, 0x1003, 0x1003}, NotMasked, mellanox},  // ConnectX-3
    {{0x15b3, 0x1007, 0x1007}, NotMasked, mellanox},  // ConnectX-3 Pro
    {{0x15b3, 0x6340, 0x6340}, NotMasked, mellanox},  // ConnectX and ConnectX-2 from here
    {{0x15b3, 0x634a, 0x634a}, NotMasked, mellanox},
    {{0x15b3, 0x6354, 0x6354}, NotMasked, mellanox},
    {{0x15b3, 0x6368, 0x6368}, NotMasked, mellanox},
    {{0x15b3, 0x6372, 0x6372}, NotMasked, mellanox},
    {{0x15b3, 0x6732, 0x6732}, NotMasked, mellanox},
    {{0x15b3, 0x673c, 0x673c}, NotMasked, mellanox},
    {{0x15b3, 0x6746, 0x6746}, NotMasked, mellanox},
    {{0x15b3, 0x6750, 0x6750}, NotMasked, mellanox},
    {{0x15b3, 0x675a, 0x675a}, NotMasked, mellanox},
    {{0x15b3, 0x6764, 0x6764}, NotMasked, mellanox},
    {{0x15b3, 0x676e, 0x676e}, NotMasked, mellanox},
    {{0x15b3, 0x1013, 0x1013}, OldFirmware, mellanox},  // ConnectX-4
    {{0x15b3, 0x1015, 0x1015}, OldFirmware, mellanox},  // ConnectX-4 Lx
    {{0x8086, 0x1563, 0x1563}, HiddenByVfio, hidden},   // X550
    {{0x8086, 0x1572, 0x1572}, HiddenByVfio, hidden},   // X710, XL710 and kin from here
    {{0x8086, 0x1574, 0x1574}, HiddenByVfio, hidden},
    {{0x8086, 0x1580, 0x1581}, HiddenByVfio, hidden},
    {{0x8086, 0x1583, 0x158b}, HiddenByVfio, hidden},
    {{0x8086, 0x37d0, 0x37d2}, HiddenByVfio, hidden},  // X722
});

std::string sharer(const device::GroupMember& other) {
    const auto address = to_string(other.address);
    return other.driver.empty() ? address : fmt::format("{} (driver {})", address, other.driver);
}

// Whether a handler is that of a function, by what drivers call themselves.
bool is_of(const std::string& handler, const std::vector<device::GroupMember>& functions) {
    return std::ranges::any_of(functions, [&](const device::GroupMember& one) {
        return handler.contains(to_string(one.address)) ||
               (!one.driver.empty() && handler.starts_with(one.driver));
    });
}

}  // namespace

const IntxTrouble* find_intx_trouble(std::uint16_t vendor, std::uint16_t device) {
    const auto* const found = std::ranges::find_if(known_intx_trouble, [&](const IntxTrouble& row) {
        return row.ids.contains(vendor, device);
    });
    return found == known_intx_trouble.end() ? nullptr : found;
}

std::string line_in_words(const Known<device::LineFacts>& line) {
    if (!line) return "";
    std::vector<std::string> sharers;
    for (const auto& other : line->functions)
        sharers.push_back(sharer(other));
    for (const auto& handler : line->handlers)
        if (!is_of(handler, line->functions))
            sharers.push_back(handler.empty() ? std::string{"one that /proc/interrupts names"}
                                              : fmt::format("\"{}\" in /proc/interrupts", handler));
    if (sharers.empty()) return fmt::format("IRQ {}, alone", line->number);
    return fmt::format("IRQ {}, with {}", line->number, fmt::join(sharers, ", "));
}

bool is_shared(const Known<device::LineFacts>& line) {
    // Without a driver a function has nobody who would take the line.
    return line && (!line->handlers.empty() ||
                    std::ranges::any_of(line->functions, [](const device::GroupMember& one) {
                        return !one.driver.empty();
                    }));
}

}  // namespace tenon::model::function
