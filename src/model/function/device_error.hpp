// An error of a device of which the host tells no more than that there was one: what its guest is
// told.
//
// The kernel's notifier comes for fatal and nonfatal errors alike, and the host has cleared the
// registers by then, or has even reset the device. A guest has to take it for the worst that it is
// prepared for: a fatal error makes its driver start over, which is right after a nonfatal one too.
// Source: Linux drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_aer_err_detected();
// PCIe Base Spec 6.0, 6.2.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::model::function {

/// An uncorrectable error, as one function reports it.
struct ShownError {
    std::uint32_t status = 0;  ///< Its bit in Uncorrectable Error Status; 0: all are masked.
    bool fatal = false;

    bool operator==(const ShownError&) const = default;
};

/// Uncorrectable Error Mask and Severity as a reset leaves them. Source: PCIe Base
/// Spec 6.0, 7.8.4.3 and 7.8.4.4.
inline constexpr std::uint32_t error_mask_after_reset = 0x00400000;
inline constexpr std::uint32_t error_severity_after_reset = 0x00462030;

/// The error that a function shows whose Uncorrectable Error Mask and Severity these are: the first
/// that is not masked, fatal ones first. Of each the order is Uncorrectable Internal Error, Data
/// Link Protocol Error, Malformed TLP, Receiver Overflow, Flow Control Protocol Error, Completion
/// Timeout, Completer Abort, Poisoned TLP, Unexpected Completion, Unsupported Request.
ShownError choose_error(std::uint32_t mask, std::uint32_t severity);

/// The bit of Device Status that goes with it.
std::uint16_t device_status_of(const ShownError& error);

/// Whether a function may send a message of it: by Device Control, or by SERR# Enable in Command.
/// Source: PCIe Base Spec 6.0, 6.2.5.
bool may_send(const ShownError& error, std::uint16_t command, std::uint16_t device_control);

}  // namespace tenon::model::function
