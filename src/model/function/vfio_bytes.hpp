// What the kernel's VFIO driver would show of a function that nobody has opened yet.
#pragma once

#include "device/facts.hpp"
#include "model/function/host_chain.hpp"
#include "pci/config_image.hpp"

namespace tenon::model::function {

/// The bytes that VFIO shows: as it told them where the function was opened, else the hardware's,
/// `config`, with what the driver does to them. The hardware's lists are in `chain`: what it hides
/// is unlinked, and its bytes stay. BARs are as they are, since all who assign have their own.
/// Source: Linux 7.3, drivers/vfio/pci/vfio_pci_config.c.
pci::ConfigImage bytes_of_vfio(const device::DeviceFacts& facts, const pci::ConfigImage& config,
                               const HostChain& chain);

}  // namespace tenon::model::function
