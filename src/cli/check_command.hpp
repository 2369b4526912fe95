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
    std::string report{};  ///< File of a page; empty: none.
};

/// Checks and prints, or writes the page. Status `refused` (1) with findings, `wrong` for what
/// cannot be read or written.
Outcome run_check(const Host& host, const CheckArguments& arguments, const text::TextStyle& style);

}  // namespace tenon::cli
