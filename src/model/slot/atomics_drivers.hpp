// Which guest drivers are known to ask for AtomicOps, and for which widths: data, a row each.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::model::slot {

/// What a driver asks of the root port.
struct AtomicsDriver {
    std::string_view name;
    std::uint16_t vendor;
    std::uint8_t base_class;     ///< Of the devices that it drives.
    std::uint16_t first_device;  ///< The lowest device id that is its.
    std::uint32_t widths;        ///< device::atomics_32 and its like.
    bool all;                    ///< All of them, or it goes without; else any of them will do.
    bool reads_back;             ///< It looks whether Requester Enable was kept.
    std::string_view without;    ///< What it does without them.
    std::string_view source;     ///< Where that was read.
};

/// The row for a device of this vendor, device id and class (24 bits); null: none is known.
const AtomicsDriver* find_atomics_driver(std::uint16_t vendor, std::uint16_t device,
                                         std::uint32_t class_code);

}  // namespace tenon::model::slot
