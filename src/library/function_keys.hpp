// Keys of a device that choose what its guest sees: ats=, x-ats-strict=, intx=, msix-relocation=.
#pragma once

#include <array>
#include <string_view>

#include "base/result.hpp"
#include "model/function_properties.hpp"

namespace tenon::library {

/// Their names.
inline constexpr std::array<std::string_view, 4> function_keys{"ats", "x-ats-strict", "intx",
                                                               "msix-relocation"};

/// Whether `key` is one of them.
bool is_function_key(std::string_view key);

/// Takes the value of one such key. `of` names the device in errors.
/// Errors: Malformed, with what the value may be.
Result<void> set_function_key(model::FunctionKeys& keys, std::string_view of, std::string_view key,
                              std::string_view value);

}  // namespace tenon::library
