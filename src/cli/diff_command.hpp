// `tenon diff`: what a guest would see differently of two functions.
#pragma once

#include <string>

#include "cli/outcome.hpp"
#include "cli/text/difference.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"

namespace tenon::cli {

/// The two sides, as `plan` takes devices, or files of plan --json.
struct DiffArguments {
    std::string a;
    std::string b;
    bool json = false;
    MachineArguments
        machine;  ///< How sides that are devices are planned; its devices are not used.
};

/// Compares and prints. Status `refused` (1) where they differ.
Outcome run_diff(const Host& host, const DiffArguments& arguments, const text::TextStyle& style);

}  // namespace tenon::cli
