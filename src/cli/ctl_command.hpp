// `tenon ctl`: one command for a running guest, for people.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/outcome.hpp"

namespace tenon::cli {

/// What `tenon ctl` is told.
struct CtlArguments {
    std::string socket;              ///< Path of the control socket.
    std::vector<std::string> words;  ///< The command, then `key=value` each; none: query-commands.
    std::chrono::milliseconds patience{30'000};  ///< For getting in, and for the answer.
};

/// Gives the command and prints what it returns as indented JSON; nothing for an empty answer.
/// A value that is a number, true or false is given as such, everything else as a string.
///
/// Status `good`; `refused` with the server's error; `wrong` for words without '=', or if nobody
/// answers at the socket in time, or with what is no answer (vmm/control/control_client.hpp).
Outcome run_ctl(const CtlArguments& arguments);

}  // namespace tenon::cli
