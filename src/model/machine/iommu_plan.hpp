// The guest's IOMMU as it will be: what was asked for, what the host allows, and what of it can be
// carried out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/chosen/machine_version.hpp"
#include "model/function/usable.hpp"
#include "model/iommu/remapping_unit.hpp"
#include "model/machine/machine_plan.hpp"
#include "model/machine/request.hpp"

namespace tenon::model::machine {

/// The tables that the guest's IOMMU takes.
struct TableChoice {
    iommu::TableMode mode = iommu::TableMode::Legacy;
    unsigned pasid_width = 0;  ///< Bits of PASID that they may name; 0: none.
    std::string why;           ///< Of the width, for a person.
    std::string why_mode;      ///< Of the mode.
    device::VtdFacts units;    ///< What all units of the host have, that tell.
};

/// The tables that are asked for, as far as the host attaches PASIDs of `devices`.
TableChoice choose_tables(const chosen::VtdRequest& request,
                          std::span<const DeviceRequest> devices);

/// What the plan of an IOMMU goes by.
struct IommuNeeds {
    const chosen::VtdRequest& request;
    const TableChoice& tables;
    const chosen::MachineVersion& version;
    Known<unsigned> physical_bits;                  ///< Of guest physical addresses.
    std::span<const device::Interface> interfaces;  ///< Of the kernel, that are in use.
    /// Mappings that a container of the group interface takes; none: not known.
    std::optional<std::uint32_t> mappings = {};
};

/// The IOMMU for functions of `ports`, with what came of each key in `reports`; null if there can
/// be none. What stands in the way of a start is a problem.
std::shared_ptr<const IommuPlan> plan_iommu(const IommuNeeds& needs,
                                            const std::vector<slot::PortPlan>& ports,
                                            std::vector<chosen::PropertyReport>& reports,
                                            std::vector<chosen::Reason>& problems);

/// Functions as one of them finds the others.
struct Neighbours {
    std::vector<const slot::FunctionPlan*> beside;     ///< In its slot.
    std::vector<const slot::FunctionPlan*> elsewhere;  ///< In other slots.
};

/// Why `function` cannot be behind the guest's IOMMU together with others: all have to be in one
/// address space, and those that the host isolates only together must be so for the guest as well:
/// in one slot, without Access Control Services of their own.
/// Source: Linux drivers/iommu/iommu.c, pci_device_group().
std::vector<chosen::Reason> obstacles_behind_iommu(const slot::FunctionPlan& function,
                                                   const Neighbours& others);

/// How many containers of the group interface functions of `ports` take behind a guest's IOMMU:
/// one for each group of the host.
unsigned containers_behind_iommu(const std::vector<slot::PortPlan>& ports);

/// What the unit may cost where mappings are made as these budgets allow: a container of the group
/// interface takes only so many.
iommu::UnitLimits unit_limits(std::span<const DmaBudget> budgets);

/// Devices reach guest memory alone through the guest's IOMMU: each other only past it.
void restrict_to_memory(PeerPlan& peers);

/// Whether the guest is shown ATS of the function.
bool shows_ats(const slot::FunctionPlan& function);

/// What translates for the guest's functions: our unit with these tables or, without one, the one
/// that others build and that takes PASIDs of so many bits, if any.
function::GuestIommu guest_iommu(const std::optional<iommu::TableMode>& unit, unsigned pasid_width);

}  // namespace tenon::model::machine
