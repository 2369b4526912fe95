// Functions that somebody recorded: in a file, an archive, or a folder that is a copy of another
// host's sysfs. They are never this host's: nothing of them is opened or bound.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/choice.hpp"
#include "device/facts.hpp"

namespace tenon::library {

/// All functions of the file or folder `path`.
/// Errors: those of sysfs::open_copy() for a folder, else of capture::read_recording(); NotFound
/// for an archive without a function in it.
Result<std::vector<capture::Entry>> list_recorded(const std::string& path);

/// The facts of the function that `named` means: a file or a folder, with `#ADDRESS` where it has
/// several; or the folder of a function in a copied tree.
/// Errors: as list_recorded() and capture::take().
Result<device::DeviceFacts> read_recorded(std::string_view named);

/// The facts of all functions of a slot: `FILE#0b:00.*`.
/// Errors: as list_recorded() and capture::take_slot().
Result<std::vector<device::DeviceFacts>> read_recorded_slot(std::string_view named);

/// The facts of all functions: `FILE#*`.
/// Errors: as list_recorded() and capture::take_all(); Malformed for more than a machine has.
Result<std::vector<device::DeviceFacts>> read_recorded_all(std::string_view named);

}  // namespace tenon::library
