// Keys of a device that choose what its guest sees: ats=, pasid=, intx=, msix-relocation=, reset=,
// on-error= and what goes with them.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "library/words/keys.hpp"
#include "model/chosen/function_properties.hpp"

namespace tenon::library::words {

/// Their table.
std::span<const Key<model::chosen::FunctionKeys>> function_keys();

}  // namespace tenon::library::words
