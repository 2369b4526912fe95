// Writing down what is known of functions: what `tenon capture` does.
#pragma once

#include <span>
#include <string>

#include "tenon/error.hpp"
#include "tenon/plan.hpp"

namespace tenon {

/// Whether a capture keeps what tells one device from others of its kind, or names its site:
/// serial numbers and their like, vendors' own registers, paths of files.
enum class SerialNumbers {
    Keep,
    Blank,  ///< Blanks them; the plan made from the capture stays the same.
};

/// Everything that is known of `devices` (an address or a file each), as the text of a file from
/// which a Plan can be made on any machine: docs/capture.md describes it.
///
/// Opens those that are bound to vfio-pci, if `opening` allows that, and gives them back.
/// Errors: as Plan::make() has them for each device.
TENON_API Result<std::string> capture_text(std::span<const std::string> devices,
                                           Opening opening = Opening::Allowed,
                                           SerialNumbers serial_numbers = SerialNumbers::Keep);

}  // namespace tenon
