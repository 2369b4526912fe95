// Files that somebody else opened for us: what they are, by their device number.
#pragma once

#include "base/result.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"
#include "pci/address.hpp"

namespace tenon::host {

/// The function whose node of /dev/vfio/devices `file` is.
/// Errors: NotFound if no such file is open; Malformed, saying what it is, if it is something else.
Result<pci::Address> find_function_of(Kernel& kernel, const HostPaths& paths, int file);

/// Checks that `file` is /dev/iommu.
/// Errors: as find_function_of().
Result<void> check_is_iommufd(Kernel& kernel, const HostPaths& paths, int file);

/// Checks that `file` is /dev/kvm, by what it answers: sysfs is not needed.
/// Errors: as find_function_of().
Result<void> check_is_kvm(Kernel& kernel, int file);

}  // namespace tenon::host
