// Takes out of captured facts what tells one device from others of its kind.
#pragma once

#include "device/facts.hpp"

namespace tenon::capture {

/// Zeroes the serial numbers in every image of configuration space: the function's own, VFIO's, and
/// those of the bridges above it. The capability itself stays, so that the plan is the same.
/// Source: PCIe Base Spec 6.0, 7.9.3 (Device Serial Number).
void blank_serial_numbers(device::DeviceFacts& facts);

}  // namespace tenon::capture
