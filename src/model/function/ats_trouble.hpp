// Devices whose ATS Linux leaves off, because it does not work: data, a row each.
#pragma once

#include <cstdint>
#include <string_view>

#include "device/facts.hpp"
#include "model/function/device_ids.hpp"

namespace tenon::model::function {

/// A row.
struct AtsTrouble {
    DeviceIds ids;
    std::uint8_t first_revision;  ///< Revisions from here
    std::uint8_t last_revision;   ///< to here, both included.
    std::string_view what;        ///< In words for a person, without a full stop.
    std::string_view evidence;
    std::uint16_t subsystem_vendor = 0;  ///< 0: any.
    std::uint16_t subsystem_device = 0;
};

/// The row for a device; null: none is known.
const AtsTrouble* find_ats_trouble(const device::Identity& who);

}  // namespace tenon::model::function
