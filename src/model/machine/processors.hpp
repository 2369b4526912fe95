// A guest's processors: how many, and by which numbers interrupts find them.
#pragma once

#include <cstdint>

namespace tenon::model::machine {

/// The last APIC id that a destination of 8 bits names; 255 is all of them.
/// Source: Intel SDM volume 3A, 11.6.2.
inline constexpr std::uint32_t last_short_apic_id = 254;

/// Processors of one thread each, in one socket.
struct Processors {
    unsigned count = 1;      ///< 1 to 255.
    unsigned apic_step = 1;  ///< At least 1.

    std::uint32_t apic_id(unsigned index) const { return index * apic_step; }
    std::uint32_t highest_apic_id() const { return apic_id(count - 1); }
    /// Whether interrupts reach all of them by 8 bits of destination.
    bool short_ids() const { return highest_apic_id() <= last_short_apic_id; }

    bool operator==(const Processors&) const = default;
};

}  // namespace tenon::model::machine
