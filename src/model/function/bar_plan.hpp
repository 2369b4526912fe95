// Which BARs the guest's function has, and what of them it reaches without us.
#pragma once

#include <vector>

#include "device/facts.hpp"
#include "model/function/function_view.hpp"

namespace tenon::model::function {

/// The BARs and the option ROM of the function, nothing mapped yet, in index order; `lists` are
/// those of `config`.
std::vector<BarPlan> list_bar_plans(const device::DeviceFacts& facts,
                                    const pci::ConfigImage& config, const pci::Capabilities& lists,
                                    const chosen::RomRequest& rom = {});

/// The BAR's registers in the map: its kind, without an address, and what answers a guest that
/// measures it.
void emulate_bar(RegisterMap& map, const BarPlan& bar);

/// Decides what of each BAR is mapped: what VFIO allows, less the pages of the MSI-X structures.
void plan_mappings(std::vector<BarPlan>& bars, const device::DeviceFacts& facts,
                   const std::optional<MsixPlan>& msix);

}  // namespace tenon::model::function
