// What a Linux guest needs beside the capability before it switches PASID on.
#pragma once

#include "model/machine_plan.hpp"

namespace tenon::model {

/// Warns of what the functions behind `port` lack, those of them that show PASID: the support of
/// End-End TLP Prefixes, and, where several share the slot, Access Control Services that send
/// requests upstream. Our ports have both.
/// Source: Linux, drivers/pci/ats.c, pci_enable_pasid(); drivers/pci/pci.c, pci_acs_path_enabled().
void warn_of_pasid_needs(PortPlan& port);

}  // namespace tenon::model
