// Keys of a device that choose what its guest sees: ats=, pasid=, intx=, msix-relocation=, reset=,
// on-error= and what goes with them; and what is said of the guest's IOMMU.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "library/words/keys.hpp"
#include "model/chosen/function_properties.hpp"

namespace tenon::library::words {

/// Their table.
std::span<const Key<model::chosen::FunctionKeys>> function_keys();

/// Reads the value of --viommu, `none` or `pasid[=WIDTH]`: bits of PASID, 0 for none.
/// Errors: Malformed, with what the value may be.
Result<unsigned> parse_viommu(std::string_view value);

}  // namespace tenon::library::words
