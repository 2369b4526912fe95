// What of a function's ATS and PASID a guest can use, and through what.
//
// Both are the device's word to an IOMMU: they are shown where the host can, and usable where the
// guest has an IOMMU that takes them.
#pragma once

#include <cstdint>

#include "base/known.hpp"
#include "model/function/function_view.hpp"

namespace tenon::model::function {

/// What translates for the functions of a guest.
enum class GuestIommu {
    None,
    OfOthers,  ///< Another program's, in a plan of the machine that it builds.
    Legacy,    ///< Our unit, with legacy tables, which name no PASIDs.
    Scalable,  ///< Our unit, with tables of PASIDs.
    Nested,    ///< Our unit, whose tables of PASIDs name such as processes have.
};

/// Whether the guest sees the extended capability `id`.
bool sees_extended(const FunctionView& view, std::uint16_t id);

/// Adds to the reports on `ats` and `pasid` whether what is shown can be used, and through what, or
/// why not. `host_ats` is what the host says of the function's ATS.
void say_what_is_usable(GuestIommu iommu, const Known<bool>& host_ats, FunctionView& view);

}  // namespace tenon::model::function
