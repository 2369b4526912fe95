// Whether the host lets a function be assigned, and what mends it where not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device/facts.hpp"
#include "model/chosen/decision.hpp"

namespace tenon::model::function {

/// What gives a host an IOMMU, in words.
inline constexpr std::string_view switch_iommu_on =
    "switch the IOMMU on in the firmware and on the kernel's command line (intel_iommu=on, or "
    "amd_iommu=on), then reboot";

/// Why the function cannot be assigned, by what it is: a bridge, a port. Empty: it could be.
std::vector<chosen::Reason> reasons_by_kind(const device::DeviceFacts& facts,
                                            const pci::ConfigImage& config,
                                            const pci::Capabilities& capabilities);

/// Why no guest gets a function of this class code, 24 bits: it is a part of the host itself.
std::optional<chosen::Reason> reason_by_class(std::uint32_t class_code);

/// Whether a reason is that no IOMMU translates the DMA of a function.
bool is_lack_of_iommu(const chosen::Reason& reason);

/// What stands in the way of a dump's function on the host that it is of, as far as the text beside
/// the dump tells: no reason here, where nothing is assigned.
std::vector<std::string> warnings_of_dump(const device::DeviceFacts& facts);

/// Why the host does not let it be assigned now: drivers, IOMMU group. Facts that are not known are
/// no reason; they are listed in `unknowns`. In place of commands that would take a function from
/// its driver stands what the host uses it for, if anything.
std::vector<chosen::Reason> reasons_by_host(const device::DeviceFacts& facts,
                                            std::vector<std::string>& unknowns);

}  // namespace tenon::model::function
