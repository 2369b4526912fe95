// What VFIO answers about an opened function, as facts. Each function asks the kernel anew.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "device/facts.hpp"
#include "host/kernel.hpp"

namespace tenon::host::vfio {

/// VFIO_DEVICE_GET_INFO. Sets AtomicOp Requester Enable in a function whose path completes
/// AtomicOps: see VfioDevice::facts().
/// Errors: Unsupported if the file is not a PCI function's.
Result<device::DeviceInfo> ask_device_info(Kernel& kernel, int file);

/// VFIO_DEVICE_GET_REGION_INFO. Areas that do not lie inside the region are Malformed.
Result<device::RegionFacts> ask_region(Kernel& kernel, int file, unsigned index);

/// VFIO_DEVICE_GET_IRQ_INFO. An index that the function has not is one with count 0.
Result<device::IrqFacts> ask_irq(Kernel& kernel, int file, device::IrqIndex index);

/// VFIO_DEVICE_FEATURE, whether it has DMA_BUF: BARs are given out as files.
Known<bool> ask_bar_files(Kernel& kernel, int file);

/// A function that a reset of the bus above resets.
struct HotResetMember {
    pci::Address address;
    bool strange = false;  ///< Known not to be ours; where a group is asked nobody is.
};

/// VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: this function and all others that its bus's reset resets.
/// Errors: ENODEV if no bus above can be reset.
Result<std::vector<HotResetMember>> ask_hot_reset(Kernel& kernel, int file);

/// "BAR 0", "ROM", "configuration space".
std::string name_of_region(unsigned index);

/// "INTx", "MSI", "MSI-X", "error interrupt", "request interrupt".
std::string name_of(device::IrqIndex index);

}  // namespace tenon::host::vfio
