// What a line of a log says went wrong, and what follows.
#pragma once

#include "capture/listing/listing.hpp"
#include "capture/listing/said.hpp"
#include "device/facts.hpp"

namespace tenon::capture::listing {

/// The symptoms of a function, of its group and of its whole host: warnings, and refusals of what
/// is said of this function or its group.
void tell_symptoms(const Said& said, const Listing& listing, device::Words& words);

}  // namespace tenon::capture::listing
