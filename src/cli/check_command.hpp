// `tenon check`: what is wrong with the configuration of a virtual machine.
#pragma once

#include "cli/outcome.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"
#include "library/checked.hpp"

namespace tenon::cli {

/// What `tenon check` is told.
struct CheckArguments {
    CheckRequest request;
    bool json = false;
};

/// Checks and prints. Status `refused` (1) with findings, `wrong` for what cannot be read.
Outcome run_check(const Host& host, const CheckArguments& arguments, const text::TextStyle& style);

}  // namespace tenon::cli
