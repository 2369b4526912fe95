// `tenon run`: boots a guest with devices assigned, as `tenon plan` says.
#pragma once

#include <functional>
#include <string>

#include "base/timeline.hpp"
#include "cli/outcome.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"
#include "vmm/run_plan.hpp"

namespace tenon::cli {

/// What `tenon run` is told.
struct RunArguments {
    MachineArguments machine;
    std::string kernel;
    std::string initrd;
    std::string append;
    bool no_reboot = false;
    bool nobody = false;           ///< It runs where there is nothing; see hand_over.hpp.
    bool quiet = false;            ///< The plan's warnings are not printed.
    std::string seal = "auto";     ///< How much of its rights it gives up.
    std::string control;           ///< Path of the control socket; empty: none.
    Timeline* timeline = nullptr;  ///< With --timing: it is printed at the end.
};

/// Runs a guest to its end: vmm::run_plan(), or what a test puts in its place.
using GuestRunner = std::function<Result<vmm::board::MachineEnd>(
    const model::machine::MachinePlan&, const vmm::RunRequest&, device::OpenedFunctions&)>;

/// Plans, and if every function is assignable, runs the guest to its end. The plan's warnings are
/// printed to standard error before it starts, each once on a line of its own.
///
/// Status `good` if the guest switched itself off; `refused`, with one message, if it did not, if a
/// function is not assignable, or if a step failed; `reset` if it reset itself and was not to be
/// started again; `wrong` for words and files that are wrong. The host is afterwards as before.
Outcome run_guest(const Host& host, const GuestRunner& run_plan, const RunArguments& arguments,
                  const text::TextStyle& style);

}  // namespace tenon::cli
