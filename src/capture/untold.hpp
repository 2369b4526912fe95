// Facts of a function of which an input tells next to nothing.
#pragma once

#include "base/known.hpp"
#include "device/facts.hpp"

namespace tenon::capture {

/// Facts of a file in which nothing is known: everything has the reason `why`. Their source stays.
/// What is then told of them is filled in by who reads it.
void leave_untold(device::DeviceFacts& facts, const Unknown& why);

}  // namespace tenon::capture
