// Configuration space as the bytes that sysfs gives in its `config` files.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture {

/// Whether `content` is bytes rather than text, by its first 4096. Configuration space is full of
/// zeros, or all ones; text has neither there.
bool is_binary(std::string_view content);

/// The space in `content`. `file` names it in errors.
/// Errors: Malformed unless it has the 64, 256 or 4096 bytes that sysfs gives, or a multiple
/// of 16 between the first two, as those have that were cut off; one line end more may be there.
Result<pci::ConfigImage> parse_raw_blob(std::string_view content, std::string_view file);

}  // namespace tenon::capture
