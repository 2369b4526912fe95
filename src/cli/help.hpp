// The words of --help.
#pragma once

#include <string>

namespace tenon::cli {

/// Help of the program.
std::string program_help();

/// Help of `tenon plan`.
std::string plan_help();

/// Help of `tenon run`.
std::string run_help();

}  // namespace tenon::cli
