// Names of vendors and devices, from the list that distributions install (package pci.ids).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "host/paths.hpp"

namespace tenon::host {

/// The names of the list.
class PciIds {
public:
    /// Without a name.
    PciIds() = default;

    /// The names in `text`. Lines that are no names are passed over; names are cut at 120 bytes,
    /// and lose their control characters. Source: the comment at the top of the list itself.
    static PciIds parse(std::string_view text);

    /// The names of the list that is installed, or none.
    static PciIds installed(const HostPaths& paths);

    /// "Red Hat, Inc. QEMU NVM Express Controller"; the vendor alone where the device has no name,
    /// empty where neither has.
    std::string name(std::uint16_t vendor, std::uint16_t device) const;

private:
    std::map<std::uint16_t, std::string> vendors_;
    std::map<std::uint32_t, std::string> devices_;  ///< By vendor and device.
};

}  // namespace tenon::host
