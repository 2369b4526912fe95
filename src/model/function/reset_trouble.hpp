// Devices that are known to have trouble with a reset: data, a row each, with the evidence.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::model::function {

/// Which reset.
enum class TroubledReset {
    Function,         ///< A function level reset.
    PowerManagement,  ///< By way of the power state D3hot.
    Bus,              ///< Of the bus above.
    Any,              ///< Every one that the kernel has.
};

/// A row.
struct ResetTrouble {
    std::uint16_t vendor;
    std::uint16_t first_device;  ///< Ids from here
    std::uint16_t last_device;   ///< to here, both included.
    std::uint16_t classes;       ///< Class and subclass, which may be ff: any; 0xffff: any of both.
    std::uint8_t revision;       ///< 0xff: any.
    TroubledReset reset;
    std::string_view what;      ///< What happens, in words for a person, without a full stop.
    std::string_view evidence;  ///< A commit of Linux, or the address of a thread.
};

/// The row for a device; null: none is known.
const ResetTrouble* find_reset_trouble(std::uint16_t vendor, std::uint16_t device,
                                       std::uint32_t class_code, std::uint8_t revision);

/// "function", "power management", "bus", "any".
std::string_view name_of(TroubledReset reset);

}  // namespace tenon::model::function
