// BARs of which nobody told: where facts come from a text, it may tell the size of some alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "device/facts.hpp"

namespace tenon::device {

/// Such a BAR has size 0 and this flag alone; one that is not there has no flag.
/// Source: include/linux/ioport.h, IORESOURCE_UNSET.
inline constexpr std::uint64_t resource_unset = 0x20000000;
inline constexpr ResourceFacts untold_bar{.size = 0, .flags = resource_unset};

/// Whether each BAR is known to be there or not.
inline bool bars_are_known(const DeviceFacts& facts) {
    if (facts.vfio) return true;
    if (!facts.resources) return false;
    const auto* const rom = facts.resources->data() + rom_region;
    return std::find(facts.resources->data(), rom, untold_bar) == rom;
}

}  // namespace tenon::device
