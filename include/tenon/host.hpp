// The functions of this host: what `tenon list` shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/error.hpp"
#include "tenon/known.hpp"
#include "tenon/reason.hpp"

namespace tenon {

/// One PCI function of this host.
struct HostFunction {
    std::string address;  ///< "0000:65:00.0": domain, bus, device, function.
    std::string name;     ///< From the host's pci.ids; where that is missing, ids and class.
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    std::uint32_t class_code = 0;  ///< 24 bits: class, subclass, programming interface.
    Known<std::string> driver;     ///< Bound on the host; empty: none.
    std::optional<unsigned> iommu_group;
    bool bridge = false;  ///< Stays with the host whatever becomes of its group.
    /// Whether a guest could have it now, as far as sysfs tells. A Plan that may open the function
    /// knows more.
    bool assignable = false;
    std::vector<Reason> reasons;        ///< Why it is not assignable.
    std::vector<std::string> unknowns;  ///< Facts that the verdict had to do without.
};

/// All functions of this host, the members of an IOMMU group together.
///
/// Reads sysfs alone: nothing is opened or changed, and no privilege is needed. May be called from
/// several threads.
/// Errors: NotFound if this host shows no PCI bus.
TENON_API Result<std::vector<HostFunction>> list_host_functions();

}  // namespace tenon
