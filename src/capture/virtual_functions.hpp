// Virtual functions in dumps. Their own bytes have neither ids nor BARs: the kernel takes both from
// the physical function, and so do we, where its bytes are in the same input.
#pragma once

#include <vector>

#include "capture/choice.hpp"

namespace tenon::capture {

/// Lets each virtual function among `entries` that has bytes alone take its ids, its kinds of BARs
/// and its physical function from that one's SR-IOV capability, or say what is missing.
/// Source: PCIe Base Spec 6.0, 9.3.3 and 9.3.4.1.
void complete_virtual_functions(std::vector<Entry>& entries);

}  // namespace tenon::capture
