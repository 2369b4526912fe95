// How many bytes a capability takes.
#pragma once

#include <cstddef>

#include "pci/capability.hpp"

namespace tenon::pci {

/// Fills in the size of every entry: what its content says, cut at the next header and at the end
/// of its space. A rule that runs into the next header becomes a finding: the function is odd.
void set_extents(const ConfigImage& image, Capabilities& capabilities);

}  // namespace tenon::pci
