// Who shares a group or a card with a function, in words.
#pragma once

#include <string>
#include <vector>

#include "capture/listing/listing.hpp"
#include "capture/listing/said.hpp"

namespace tenon::capture::listing {

/// The members of its group, and which of them stand in nobody's way.
void tell_group(const Said& said, const Listing& listing, std::vector<std::string>& told);

/// The other functions of its card, and whether another guest can have them.
void tell_companions(const Said& said, const Listing& listing, std::vector<std::string>& told);

}  // namespace tenon::capture::listing
