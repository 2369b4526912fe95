// Whether a guest sees a PASID capability of a function, how wide, and where.
//
// The host's kernel keeps the physical capability to itself; what the function can do is known from
// its IOMMU. Where host and guest IOMMU both can, the guest is shown a capability that is all ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "model/chosen/decision.hpp"
#include "model/chosen/function_properties.hpp"
#include "model/function/pasid_place.hpp"
#include "model/function/register_map.hpp"

namespace tenon::model::function {

/// The capability that is shown.
struct PasidPlan {
    std::uint16_t at = 0;
    unsigned width = 0;  ///< Bits, 1 to 20: the smaller of the host's and the guest's.
    bool execute = false;
    bool privileged = false;
    std::string why;  ///< Why there.

    bool operator==(const PasidPlan&) const = default;
};

/// What it is decided from, beside the properties.
struct PasidFacts {
    const Known<device::PasidFacts>& host;
    bool opened = false;           ///< The function was opened: what is unknown now stays so.
    bool shown_by_kernel = false;  ///< VFIO shows a PASID capability itself.
    bool extended_list = false;    ///< The guest sees extended capabilities at all.
    /// Where it could go; none: the extended space was not read.
    std::optional<PasidSpace> space;
};

/// What was decided.
struct PasidOutcome {
    std::optional<PasidPlan> plan;  ///< None: nothing is synthesized.
    bool keep = false;              ///< A capability that the kernel shows is shown as it is.
    std::vector<std::string> warnings;
    std::vector<std::string> unknowns;
    std::vector<chosen::Reason> refusals;
    std::vector<chosen::PropertyReport> reports;

    bool operator==(const PasidOutcome&) const = default;
};

/// Decides. What the user asked for and cannot have is a refusal; what is not known yet and can
/// still be learned is an unknown.
/// Source: IOMMU_GET_HW_INFO in include/uapi/linux/iommufd.h; drivers/vfio/pci/vfio_pci_config.c.
PasidOutcome decide_pasid(const chosen::FunctionProperties& properties, const PasidFacts& facts);

/// Makes the capability's 8 bytes: all ours, nothing of them read from the device or written to it.
/// The header's link to the next capability stays to be written.
void emulate_pasid(RegisterMap& map, const PasidPlan& plan);

}  // namespace tenon::model::function
