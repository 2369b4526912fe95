// Takes out of facts what names one device, or the place that it is at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "device/facts.hpp"

namespace tenon::capture {

/// Makes the facts of functions nameless, one function after the other.
///
/// Zero from then on, in every image of configuration space (the function's own, VFIO's, its
/// physical function's, those of the bridges above): the serial number, what was last read of Vital
/// Product Data, the Hierarchy ID, and registers whose meaning their vendor alone knows. Copies of
/// these numbers, or of the MAC address that a serial number is made of, become ones anywhere past
/// the header. Capabilities and free bytes stay what they are, so that the plan is the same. Words
/// lose the paths of files, and what a builder added to the kernel's release.
/// Source: PCIe Base Spec 6.0, 7.9.3 (Device Serial Number), 7.9.17 (Hierarchy ID), 7.9.18 (Vital
/// Product Data), 7.9.4 to 7.9.6 (vendors' own).
class Anonymizer {
public:
    /// Does it. The function is called by its address, one of a file "file1#ADDRESS": the files are
    /// numbered as they come, and functions of one stay together.
    void take_names(device::DeviceFacts& facts);

private:
    std::string name_for(const device::DeviceFacts& facts);

    std::vector<std::string> files_;
};

/// `text` with no path but those below /sys, /dev and /proc, and these without what is in front:
/// where a copy of such a tree was put.
std::string without_paths(std::string_view text);

}  // namespace tenon::capture
