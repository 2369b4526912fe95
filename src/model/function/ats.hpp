// Whether a guest sees the Address Translation Service capability of a function.
#pragma once

#include <optional>
#include <string>

#include "base/known.hpp"
#include "model/chosen/decision.hpp"
#include "model/chosen/function_properties.hpp"

namespace tenon::model::function {

/// What was decided.
struct AtsOutcome {
    bool shown = false;  ///< Where the function has the capability at all.
    std::string why;     ///< Of the capability's decision.
    std::optional<std::string> warning;
    std::optional<chosen::Reason>
        refusal;  ///< Why the function cannot be assigned as it was asked for.
    chosen::PropertyReport report;

    bool operator==(const AtsOutcome&) const = default;
};

/// Decides.
///
/// `host` is what the host's kernel says of the function's ATS (false: unsupported), `present`
/// whether the guest could be shown such a capability: the function has one, VFIO shows it, and the
/// guest has an extended list. Strict is what the user asked for, unless `x-ats-strict` says
/// otherwise.
/// Source: IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED in include/uapi/linux/iommufd.h of Linux 7.1.
AtsOutcome decide_ats(const chosen::FunctionProperties& properties, const Known<bool>& host,
                      const Known<bool>& present);

}  // namespace tenon::model::function
