// Keys of a device that choose what its guest sees: ats=, pasid=, intx=, msix-relocation=, reset=,
// on-error= and what goes with them; and what is said of the guest's IOMMU.
#pragma once

#include <array>
#include <string_view>

#include "base/result.hpp"
#include "model/function_properties.hpp"

namespace tenon::library {

/// Their names.
inline constexpr std::array<std::string_view, 9> function_keys{
    "ats",  "x-ats-strict",    "pasid", "pasid-offset", "x-pasid-overlay",
    "intx", "msix-relocation", "reset", "on-error"};

/// Whether `key` is one of them.
bool is_function_key(std::string_view key);

/// Takes the value of one such key. `of` names the device in errors.
/// Errors: Malformed, with what the value may be.
Result<void> set_function_key(model::FunctionKeys& keys, std::string_view of, std::string_view key,
                              std::string_view value);

/// Reads the value of --viommu, `none` or `pasid[=WIDTH]`: bits of PASID, 0 for none.
/// Errors: Malformed, with what the value may be.
Result<unsigned> parse_viommu(std::string_view value);

}  // namespace tenon::library
