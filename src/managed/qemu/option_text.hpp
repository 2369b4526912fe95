// The two forms in which QEMU takes the argument of an option: key=value, and JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::qemu {

/// What one argument may have; QEMU's own options have tens.
inline constexpr std::size_t most_properties = 1000;

/// Reads "first,key=value,flag,noflag": two commas in a value are one comma, a word without "="
/// is a flag, with "no" in front one that is off. `implied` is the key of a first word without "=".
/// Errors: Malformed for more than most_properties.
/// Source: QEMU 11.1, util/qemu-option.c.
Result<said::Properties> read_keys(std::string_view text, std::string_view implied,
                                   const said::Place& place);

/// Reads an object of JSON. What is in an object in it has the kind Nested, as it stands.
/// Errors: Malformed.
Result<said::Properties> read_json(std::string_view text, const said::Place& place);

/// Whether QEMU reads the argument as JSON.
inline bool is_json(std::string_view text) { return text.starts_with('{'); }

/// Reads a CPU: "model,+flag,-flag,flag,key=value".
/// Errors: those of read_keys().
Result<said::Option> read_cpu(std::string_view text, const said::Place& place);

/// Reads an argument of -device or -object in its form. `type` is the key of its type.
/// Errors: Malformed, also for one without a type.
Result<said::Option> read_typed(std::string_view text, std::string_view type,
                                const said::Place& place);

/// The properties as an option of that type: its type and id taken out.
/// Errors: Malformed for no type.
Result<said::Option> make_typed(const said::Properties& properties, std::string_view type,
                                said::Form form, const said::Place& place);

}  // namespace tenon::managed::qemu
