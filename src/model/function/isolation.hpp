// What keeps the functions of a host apart, beside Access Control Services as the specification has
// them: devices that Linux knows, a row each, and notes for people who ask why a group is as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "device/facts.hpp"
#include "model/function/device_ids.hpp"
#include "pci/express.hpp"

namespace tenon::model::function {

/// What Linux knows of a device.
enum class Isolation {
    Functions,   ///< Its functions do not reach one another, though they have no ACS.
    Ports,       ///< A port that keeps apart what is below it, though it has no ACS.
    PortDwords,  ///< A port with its ACS registers in other places; Linux switches them on there.
};

/// A row.
struct KnownIsolation {
    DeviceIds ids;
    Isolation what;
    std::string_view evidence;
};

/// The row for a function; `type` is that of its PCI Express capability. Null: none.
const KnownIsolation* find_isolation(std::uint16_t vendor, std::uint16_t device,
                                     pci::PortType type);

/// Why the function has the IOMMU group that it has, as far as it and the bridges above tell.
/// Sentences without a full stop; empty: there is nothing out of the ordinary.
std::vector<std::string> notes_of_group(const device::DeviceFacts& facts);

}  // namespace tenon::model::function
