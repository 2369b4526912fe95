// What a command leaves behind: its exit status and what it printed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenon::cli {

/// Exit statuses, the same for every command.
namespace status {
inline constexpr int good = 0;     ///< All functions are assignable, or the guest ran and ended.
inline constexpr int refused = 1;  ///< A function is not assignable, or the run failed.
inline constexpr int wrong = 2;    ///< Wrong usage, or input that cannot be read.
inline constexpr int reset = 3;    ///< The guest reset itself, and --no-reboot ended it.
}  // namespace status

/// A command that has ended.
struct Outcome {
    int status = status::good;
    std::string out;  ///< For standard output.
    std::string err;  ///< For standard error: one message, with its line end.
};

/// One message on standard error, whatever is in `text`: "tenon: TEXT".
Outcome ended_with(int status, std::string_view text);

/// The same of an error.
Outcome ended_with(int status, const Error& error);

}  // namespace tenon::cli
