// Registers of configuration space that tell one device from others of its kind.
#pragma once

#include "device/facts.hpp"

namespace tenon::capture {

/// Blanks them, and copies of what they hold, in every image of configuration space. Anonymizer
/// says which they are.
void blank_secret_registers(device::DeviceFacts& facts);

}  // namespace tenon::capture
