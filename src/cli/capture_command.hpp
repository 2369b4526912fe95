// `tenon capture`: everything that a plan needs of functions of this host, in one document.
#pragma once

#include <string>
#include <vector>

#include "cli/outcome.hpp"
#include "cli/text/library.hpp"

namespace tenon::cli {

/// What to capture and where to.
struct CaptureArguments {
    std::vector<std::string> devices;
    std::string output;      ///< A file; empty: standard output.
    bool anonymize = false;  ///< See capture::Anonymizer.
    Opening opening = Opening::Allowed;
};

/// Gathers and writes. Says on standard error which functions were opened, which resets them, and
/// what stays unknown of the others.
Outcome run_capture(const Host& host, const CaptureArguments& arguments);

}  // namespace tenon::cli
