// Carries a plan out: the one entry point that joins board, plan and devices.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/timeline.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/board/power.hpp"
#include "vmm/control/qmp_version.hpp"
#include "vmm/control/query_pci.hpp"
#include "vmm/loader/boot.hpp"
#include "vmm/seal/opener.hpp"
#include "vmm/seal/seal.hpp"
#include "vmm/slots/assignment.hpp"
#include "vmm/slots/hot_plug.hpp"

namespace tenon::vmm {

/// A socket for control from outside.
struct ControlRequest {
    std::string path;
    control::QmpVersion version;          ///< What clients are told who answers.
    control::DescribePort describe_port;  ///< For `query-pci`.
};

/// What a run needs beside the plan.
struct RunRequest {
    loader::BootRequest boot;
    std::optional<int> kvm = {};  ///< /dev/kvm as somebody else opened it; stays theirs.
    bool restarts = true;         ///< A reset by the guest starts it again.
    seal::Level seal = seal::Level::Off;
    std::optional<ControlRequest> control;
    /// Told who opens nodes of devices once the machine is sealed: host::open_nodes_by().
    std::function<void(seal::NodeOpener)> open_nodes_by = {};
    slots::ArrivalPlanner plan_arrival;  ///< For devices that come while it runs.
    Timeline* timeline = nullptr;        ///< Where the moments of the start are noted; may be null.
};

/// Boots a guest with the functions of `plan` and lets it run to its end.
///
/// The plan must be assignable; `opened` holds those of its functions that are open already. The
/// rest is opened here. The console is standard input and output. However it ends, the
/// functions are given back: reset, closed, nothing mapped. Where it is to be sealed, the process
/// must have one thread, and stays sealed.
/// Errors: of the step that failed, before the guest starts or while it runs.
Result<board::MachineEnd> run_plan(const model::machine::MachinePlan& plan,
                                   const RunRequest& request, device::OpenedFunctions& opened);

}  // namespace tenon::vmm
