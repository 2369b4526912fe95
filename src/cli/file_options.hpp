// What a VM file says, given to the options of a command.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "base/result.hpp"
#include "cli/text/library.hpp"
#include "library/words/vm_file.hpp"

namespace tenon::cli {

/// Gives each option of `command` that the command line does not have what the file says. Devices
/// and ports are not touched: see words::merge_devices(). `complete` is the command with every
/// option that a file may have; what `command` lacks of these is passed over. Errors: Malformed,
/// naming file, line and key: one that is no option, a value of the wrong kind.
Result<void> apply_file(CLI::App& command, const CLI::App& complete,
                        const std::vector<words::FileOption>& file);

}  // namespace tenon::cli
