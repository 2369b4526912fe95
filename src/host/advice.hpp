// What a user can do about a function that cannot be opened: the exact commands.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "device/facts.hpp"

namespace tenon::host {

/// The commands that bind a function to vfio-pci, or what speaks against it: the host uses it, or
/// one that would leave the host with it.
std::string how_to_bind(const device::DeviceFacts& facts);

/// Checks what sysfs said before anything is opened: a function of this host, bound to VFIO, behind
/// an IOMMU. Facts that are not known stop nobody.
/// Errors: name the function and what to do.
Result<void> check_openable(const device::DeviceFacts& facts);

/// The error of opening a device node, with what to do about this errno.
Error cannot_open(int os_error, const std::string& node);

/// The error of a virtual function that the kernel does not open without its VF token, or with a
/// wrong one.
Error token_needed(int os_error, std::string_view step);

/// The error of a VF token that the kernel does not take.
Error token_refused(int os_error, std::string_view step);

/// The error of an IOMMU group of which the host still uses a member. Names these members.
Error not_viable(const device::DeviceFacts& facts);

}  // namespace tenon::host
