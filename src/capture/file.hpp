// Facts of functions from a file somebody recorded: a capture of Tenon, the text of lspci, the
// bytes of sysfs, or an archive of such. What it is shows in its content; packed files are
// unpacked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/archive.hpp"
#include "capture/choice.hpp"
#include "device/facts.hpp"

namespace tenon::capture {

/// All functions of the file `path`; `-` is standard input. Of a file that is no archive, `tree` is
/// null.
/// Errors: as open_input() and unpacked(); as read_archive() or read_content().
Result<Archive> read_recording(const std::string& path, const TreeRules& rules);

/// All functions of the file `path`, without trees of sysfs in an archive.
/// Errors: as read_recording().
Result<std::vector<Entry>> list_capture(const std::string& path);

/// The facts of the function that `named` means: `FILE`, or `FILE#ADDRESS` for one of several.
///
/// The address is written as in the file; a file of one function needs none. `FILE#ADDRESS@2` is
/// the second of that address, where it is there more than once. What a dump does not tell is
/// unknown. Trees of sysfs in an archive are passed over.
/// Errors: as read_recording() and take().
Result<device::DeviceFacts> read_capture(std::string_view named);

/// Whether `named` means all functions of a slot: `FILE#0b:00.*`, `FILE#0b:00.*@2`.
bool names_slot(std::string_view named);

/// The facts of all functions of a slot, in order of address; each is named `FILE#ADDRESS`.
/// Errors: as read_recording() and take_slot().
Result<std::vector<device::DeviceFacts>> read_capture_slot(std::string_view named);

}  // namespace tenon::capture
