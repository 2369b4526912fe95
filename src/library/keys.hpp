// The list of key=value after the name of a device or a port.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenon::library {

/// One of them. Views into the text that was parsed.
struct KeyValue {
    std::string_view key;
    std::string_view value;
};

/// Reads "key=value,key=value". `of` names the owner in errors; `known` are the keys it may have.
/// Errors: Malformed for what is not key=value, an unknown key, an empty value, a key given twice.
Result<std::vector<KeyValue>> parse_keys(std::string_view text, std::string_view of,
                                         std::span<const std::string_view> known);

/// Checks the text of a device or a port before it is read: how long it may be, and no zero byte,
/// at which the kernel would end the name of a file. `what` is which of both it is.
/// Errors: Malformed.
Result<void> check_argument(std::string_view text, std::string_view what);

/// Checks a name that somebody chose for a port or a device: letters, digits, "_", "-" and "."; at
/// most longest_name of them.
/// Errors: Malformed, quoting it.
Result<void> check_name(std::string_view name, std::string_view what);

}  // namespace tenon::library
