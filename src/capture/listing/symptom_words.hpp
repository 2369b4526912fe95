// What a line of a log says went wrong, and what follows.
#pragma once

#include <string>
#include <vector>

#include "capture/listing/listing.hpp"
#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// The symptoms of a function, of its group and of its whole host.
void tell_symptoms(const Said& said, const Listing& listing, std::vector<std::string>& warnings);

}  // namespace tenon::capture::listing
