// Facts of a function from a file somebody recorded: a capture of Tenon, the text of lspci, or the
// bytes of sysfs. What it is shows in its content.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "device/facts.hpp"

namespace tenon::capture {

/// The facts of the function that `named` means: `FILE`, or `FILE#ADDRESS` for one of several.
///
/// The address is written as in the file; a file of one function needs none. `FILE#ADDRESS@2` is
/// the second of that address, where it is there more than once. A file whose own name contains a #
/// is taken by its name first; `-` is standard input. What a dump does not tell is unknown. Errors:
/// as read_input(), for a file of at most longest_file bytes; Malformed as read_captures(),
/// text::read_dump() and parse_raw_blob(); NotFound, listing the addresses, if none or no single
/// function is meant.
Result<device::DeviceFacts> read_capture(std::string_view named);

/// Whether `named` means all functions of a slot: `FILE#0b:00.*`, `FILE#0b:00.*@2`.
bool names_slot(std::string_view named);

/// The facts of all functions of a slot, in order of address; each is named `FILE#ADDRESS`.
/// Errors: as read_capture(), NotFound if the file has no function of the slot, Malformed if it has
/// one twice or if `named` does not mean a slot.
Result<std::vector<device::DeviceFacts>> read_capture_slot(std::string_view named);

}  // namespace tenon::capture
