// The command line of the program.
#pragma once

#include "cli/outcome.hpp"
#include "cli/run_command.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"

namespace tenon::cli {

/// Carries out `arguments`, the program's own name first. Nothing has been printed when it returns,
/// but what a guest that `run_plan` ran wrote to its console. Of what it returns to be printed, a
/// terminal obeys our own colours alone. No exception leaves it.
Outcome run(int count, const char* const* arguments, const Host& host, const GuestRunner& run_plan,
            const text::TextStyle& style);

}  // namespace tenon::cli
