// The registers of the MSI capability. Source: PCIe Base Spec 6.0, 7.7.1 and 6.1.4.
#pragma once

#include <cstddef>
#include <vector>

#include "model/function/function_view.hpp"
#include "model/running/msix_table.hpp"

namespace tenon::model::running {

/// Where Message Data, Mask Bits and Pending Bits are; the last two exist if `maskable`.
std::size_t msi_data_at(const function::MsiPlan& plan);
std::size_t msi_mask_at(const function::MsiPlan& plan);
std::size_t msi_pending_at(const function::MsiPlan& plan);

/// The vectors that the guest has switched on, as the registers in `config` say. MSI has one
/// address and one data word; vector n sends data + n. Never more than the device has.
void read_msi_vectors(const function::MsiPlan& plan, const pci::ConfigImage& config,
                      std::vector<VectorEntry>& vectors);

}  // namespace tenon::model::running
