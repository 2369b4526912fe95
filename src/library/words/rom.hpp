// The option ROM that `rom=on|off|FILE` asks for.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/machine/request.hpp"

namespace tenon::library::words {

/// What the value of the key means; an empty one is "on". A file is read and padded with ones to a
/// power of two, 2 KiB at least.
/// Errors: errno of reading the file; Malformed if it is empty or longer than the 16 MiB that an
/// option ROM's BAR can have.
Result<model::chosen::RomRequest> read_rom(const std::string& value);

}  // namespace tenon::library::words
