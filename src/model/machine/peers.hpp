// Whether the assigned functions of a machine reach each other's BARs by DMA: peer-to-peer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/machine/machine_plan.hpp"

namespace tenon::model::machine {

/// "mapped", "partly", "none", "unknown".
std::string_view name_of(PeerPlan::State state);

/// What comes of it for these functions; none for less than two, which have no peers. A process is
/// none of them.
///
/// An address space of the group interface takes our mapping of a BAR, one of iommufd a file of it,
/// which the kernel gives out from Linux 6.19 on.
/// Source: Linux 7.3, drivers/vfio/vfio_iommu_type1.c, follow_fault_pfn();
/// drivers/vfio/pci/vfio_pci_dmabuf.c, vfio_pci_dma_buf_iommufd_map().
std::optional<PeerPlan> plan_peers(std::span<const slot::FunctionPlan* const> all);

/// The same for all functions of these ports.
std::optional<PeerPlan> plan_peers(std::span<const slot::PortPlan> ports);

}  // namespace tenon::model::machine
