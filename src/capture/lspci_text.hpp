// Configuration space from the text of `lspci -x`, `-xxx` or `-xxxx`, as people paste it: one or
// many functions, with decoded text (-v) between or without, quoted ("> "), with Windows line ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "base/result.hpp"
#include "capture/decoded_bars.hpp"
#include "pci/address.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture {

/// One function of a dump.
struct LspciFunction {
    std::string slot;  ///< Its address as the text has it.
    pci::Address address;
    std::size_t line = 0;  ///< Of the text, counted from 1, where it begins.
    pci::ConfigImage config;
    Known<Resources> resources;
};

/// The functions of `text` that have hex rows, in its order. `file` names the text in errors.
///
/// A dump may end early; the image then knows that many bytes.
/// Errors: Malformed, naming file and line: a row that is missing, repeated or out of order, a row
/// that is not 16 bytes, rows before the first address, fewer than 64 bytes, no rows at all; more
/// lines, functions or BARs than limits.hpp allows.
Result<std::vector<LspciFunction>> parse_lspci(std::string_view text, std::string_view file);

}  // namespace tenon::capture
