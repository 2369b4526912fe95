// Which devices a row of a table of known trouble is about.
#pragma once

#include <cstdint>

namespace tenon::model::function {

/// A range of device ids of one vendor.
struct DeviceIds {
    std::uint16_t vendor = 0;
    std::uint16_t first = 0;  ///< Ids from here
    std::uint16_t last = 0;   ///< to here, both included.

    constexpr bool contains(std::uint16_t of_vendor, std::uint16_t device) const {
        return vendor == of_vendor && device >= first && device <= last;
    }
};

}  // namespace tenon::model::function
