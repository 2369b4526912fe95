// Gives functions what the words of their input say: their host's groups and drivers, the bridges
// above them. Those of which there are words alone become functions of the input as well.
#pragma once

#include <memory>
#include <vector>

#include "capture/choice.hpp"
#include "capture/listing/listing.hpp"

namespace tenon::capture {

/// Adds to the facts of `entries` what `listing` says, and what the bridges among them do for
/// others; then those that only the listing has. What a capture knows stays as it is.
void add_told(const std::shared_ptr<const listing::Listing>& listing, std::vector<Entry>& entries);

}  // namespace tenon::capture
