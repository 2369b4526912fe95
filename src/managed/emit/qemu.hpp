// A machine as a command line of QEMU.
#pragma once

#include <string>

#include "managed/emit/machine.hpp"

namespace tenon::managed::emit {

/// A command for a shell, an option a line; what it cannot say are comments in front of it. The
/// machine is a prepared one. Source: QEMU 11.1, -device vfio-pci,help and its like.
std::string qemu_command(const Machine& machine);

/// The properties of the vIOMMU, as QEMU takes them: "intremap=on,caching-mode=on".
std::string viommu_properties(const Viommu& viommu);

}  // namespace tenon::managed::emit
