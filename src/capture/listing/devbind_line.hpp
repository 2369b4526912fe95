// Lines of `dpdk-devbind --status`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// "'Ethernet Controller X710 1572' if=ens1f1 drv=i40e unused=vfio-pci *Active*".
struct DevbindLine {
    std::string_view name;
    std::string_view driver;  ///< Empty: none.
    std::optional<unsigned> numa_node;
    bool active = false;
};

/// Reads what stands behind the address; none if it is another text.
std::optional<DevbindLine> parse_devbind_line(std::string_view text);

/// Puts what a line tells into what is known.
void put_devbind(const DevbindLine& line, Said& said);

}  // namespace tenon::capture::listing
