// Drivers of the host's kernel: which are VFIO's, and how a function comes to one of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "device/facts.hpp"
#include "pci/address.hpp"

namespace tenon::device {

/// Whether a driver is one of VFIO's, by its name: vfio-pci, and the kernel's variants of it such
/// as mlx5_vfio_pci or nvgrace-gpu-vfio-pci.
bool is_vfio_driver(std::string_view driver);

/// Whether the kernel lets a group be assigned while this member is as it is.
/// Source: drivers/iommu/iommu.c, iommu_group_claim_dma_owner and driver_managed_dma.
bool leaves_group_viable(const GroupMember& member);

/// The command for a root shell that takes its driver from a function, and gives it no other.
std::string unbind_command(const pci::Address& address);

/// The commands for a root shell, in order, that bind the function to vfio-pci. `driver` is the one
/// that has it now; empty: none.
std::vector<std::string> bind_commands(const pci::Address& address, std::string_view driver);

}  // namespace tenon::device
