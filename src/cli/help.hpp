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

/// Help of `tenon ctl`.
std::string ctl_help();

/// Help of `tenon check`.
std::string check_help();

/// Help of `tenon capture`, `tenon list`, `tenon diff`.
std::string capture_help();
std::string list_help();
std::string diff_help();

}  // namespace tenon::cli
