// The guest's IOMMU as it will be: what was asked for, what the host allows, and what of it can be
// carried out.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/chosen/machine_version.hpp"
#include "model/function/usable.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// What the plan of an IOMMU goes by.
struct IommuNeeds {
    const chosen::VtdRequest& request;
    const chosen::MachineVersion& version;
    Known<unsigned> physical_bits;                  ///< Of guest physical addresses.
    std::span<const device::Interface> interfaces;  ///< Of the kernel, that are in use.
};

/// The IOMMU for functions of `ports`, with what came of each key in `reports`; null if there can
/// be none. What stands in the way of a start is a problem.
std::shared_ptr<const IommuPlan> plan_iommu(const IommuNeeds& needs,
                                            const std::vector<slot::PortPlan>& ports,
                                            std::vector<chosen::PropertyReport>& reports,
                                            std::vector<chosen::Reason>& problems);

/// Why `function` cannot be behind the guest's IOMMU together with `others`: all have to be in one
/// address space of iommufd, each alone in what the host isolates.
std::vector<chosen::Reason> obstacles_behind_iommu(
    const slot::FunctionPlan& function, std::span<const slot::FunctionPlan* const> others);

/// Devices reach guest memory alone through the guest's IOMMU: each other only past it.
void restrict_to_memory(PeerPlan& peers);

/// Whether the guest is shown ATS of the function.
bool shows_ats(const slot::FunctionPlan& function);

/// Which tables the IOMMU takes that is asked for.
iommu::TableMode tables_of(const chosen::VtdRequest& request);

/// What translates for the guest's functions: our unit with these tables or, without one, the one
/// that others build and that takes PASIDs of so many bits, if any.
function::GuestIommu guest_iommu(const std::optional<iommu::TableMode>& unit, unsigned pasid_width);

}  // namespace tenon::model::machine
