// What `--viommu` means.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/keys.hpp"
#include "model/chosen/viommu.hpp"

namespace tenon::library::words {

/// The keys of `vtd` in words.
std::vector<KeyWords> vtd_keys();

/// Reads `none`, `pasid[=WIDTH]` or `vtd[,key=value…]`.
/// Errors: Malformed, with what the value may be.
Result<model::chosen::ViommuRequest> parse_viommu(std::string_view value);

}  // namespace tenon::library::words
