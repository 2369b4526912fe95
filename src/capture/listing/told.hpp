// What is said of a function, as facts of the device layer and in sentences.
#pragma once

#include <optional>
#include <vector>

#include "base/known.hpp"
#include "capture/listing/listing.hpp"
#include "capture/listing/said.hpp"
#include "device/facts.hpp"

namespace tenon::capture::listing {

/// Whether what is said makes it a function of the input: who it is, its driver or its group, or
/// that the kernel complains of it. A path that leads over it does not.
bool is_function(const Said& said);

/// Unknown if ids or class are not said.
Known<device::Identity> identity_of(const Said& said);

/// None if the type of its port is not said.
std::optional<device::ExpressWords> express_words(const Said& said);

/// What its host does with it, as the input says.
std::vector<device::Use> uses_of(const Said& said);

/// All of it in words. `listing` has the other functions of its input.
device::Words words_of(const Said& said, const Listing& listing);

}  // namespace tenon::capture::listing
