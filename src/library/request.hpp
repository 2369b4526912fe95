// From the words of a command line to the plan of a machine. The same for `plan` and `run`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/timeline.hpp"
#include "library/gather.hpp"
#include "library/words/backend_options.hpp"
#include "library/words/memory_argument.hpp"
#include "model/machine/machine_plan.hpp"

namespace tenon::library {

/// What both commands are told of the machine.
struct MachineArguments {
    std::string version;                        ///< --machine; empty: the current one.
    std::string viommu;                         ///< --viommu; empty: as the version has it.
    std::vector<std::string> ports;             ///< --port, in order.
    std::vector<std::string> devices;           ///< DEVICE or --device, in order.
    words::BackendTexts backends;               ///< --disk, --vhost-user; they come after devices.
    std::string memory{words::default_memory};  ///< --memory
    std::string cpus = "1";                     ///< --cpus
    /// --firmware: a file, which a plan does not open; "fd=N"; empty: the guest boots a kernel.
    std::string firmware;
    std::string iommufd;  ///< --iommufd: "fd=N"; empty: /dev/iommu is opened here.
    std::string kvm;      ///< --kvm: "fd=N"; empty: /dev/kvm is opened here.
    Opening opening = Opening::Allowed;
    bool anonymize = false;        ///< The plan names no single device; see capture::Anonymizer.
    Timeline* timeline = nullptr;  ///< Where the moments of the start are noted; may be null.
};

/// A plan, and the functions that were opened for it and may go to a guest as they are.
struct PlannedMachine {
    model::machine::MachinePlan plan;
    device::OpenedFunctions opened;
    std::optional<int> kvm = {};  ///< /dev/kvm as somebody else opened it.
};

/// Gathers the facts of every device and makes the plan.
/// Errors: wrong words, unreadable devices, requests that contradict themselves.
Result<PlannedMachine> plan_machine(const Host& host, const MachineArguments& arguments);

}  // namespace tenon::library
