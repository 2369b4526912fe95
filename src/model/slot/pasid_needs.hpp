// What a Linux guest needs beside the capability before it switches PASID on.
#pragma once

#include <span>

#include "model/slot/slot_view.hpp"

namespace tenon::model::slot {

/// Warns in `slot` of what its functions lack, those of them that show PASID: the support of
/// End-End TLP Prefixes, and, where several share the slot, Access Control Services that send
/// requests upstream. Our ports have both. `functions` are in order of their numbers, and each has
/// its part in `slot` already. Source: Linux, drivers/pci/ats.c, pci_enable_pasid();
/// drivers/pci/pci.c, pci_acs_path_enabled().
void warn_of_pasid_needs(std::span<const function::FunctionView* const> functions, SlotView& slot);

}  // namespace tenon::model::slot
