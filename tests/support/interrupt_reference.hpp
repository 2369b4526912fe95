// What a remapping unit makes of a message, as the specification tells it: without a line of the
// model's. For tests alone.
#pragma once

#include <compare>
#include <cstdint>

#include "tests/support/guest_tables.hpp"

namespace tenon::support {

/// What software has told the unit of interrupts.
struct ReferenceInterrupts {
    bool remapping = false;
    bool compatibility = false;
    std::uint64_t table = 0;  ///< The table's register as it was latched.
};

/// A message that arrives, or the number of a fault.
struct ReferenceMessage {
    unsigned fault = 0;  ///< 0: none, and the rest counts.
    bool silent = false;
    std::uint64_t address = 0;
    std::uint32_t data = 0;

    auto operator<=>(const ReferenceMessage&) const = default;
};

/// What becomes of a write of `data` to `address`, of 32 bits, by `source`.
ReferenceMessage reference_interrupt(const GuestTables& tables, const ReferenceInterrupts& unit,
                                     std::uint16_t source, std::uint32_t address,
                                     std::uint32_t data);

}  // namespace tenon::support
