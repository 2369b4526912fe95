// Chooses the kernel's interface by which functions are assigned.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "device/control.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"

namespace tenon::host {

/// What functions share that are assigned together.
enum class Spaces {
    One,  ///< An address space for all.
    /// As the guest's IOMMU needs it. By the group interface one for each IOMMU group: see
    /// GroupSpaces. By iommufd one for all, in page tables for
    /// PASIDs and nesting: see PageTables.
    BehindIommu,
};

/// An opener for the functions that `functions` describe, which stay closed.
///
/// Automatic is iommufd if the host has it, a node of every function, and lets us open these; the
/// group interface otherwise. `iommufd` is /dev/iommu opened by somebody else, for Iommufd; it
/// stays theirs. `kernel` must outlive the opener and what it opened.
/// Errors: NotFound if the host has not the interface that was asked for, with what to do.
Result<std::unique_ptr<device::DeviceOpener>> make_opener(
    device::Interface interface, std::span<const device::DeviceFacts> functions,
    std::optional<int> iommufd = {}, Kernel& kernel = linux_kernel(), const HostPaths& paths = {},
    Spaces spaces = Spaces::One);

/// The interface that Automatic would choose.
device::Interface choose_interface(std::span<const device::DeviceFacts> functions, Kernel& kernel,
                                   const HostPaths& paths);

}  // namespace tenon::host
