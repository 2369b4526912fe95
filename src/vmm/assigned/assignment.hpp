// Brings the functions of a plan into a machine, and gives them back.
#pragma once

#include <memory>
#include <vector>

#include "base/timeline.hpp"
#include "base/undo.hpp"
#include "device/control.hpp"
#include "device/opened.hpp"
#include "model/machine_plan.hpp"
#include "vmm/assigned/function.hpp"
#include "vmm/assigned/pci_topology.hpp"
#include "vmm/guest_memory.hpp"
#include "vmm/vfio_files.hpp"

namespace tenon::vmm {

/// Owns the assigned functions of one machine. Destruction gives all of them back: interrupts off,
/// out of the guest, memory no longer reachable by DMA, reset, closed.
class Assignment {
public:
    /// What it works on; all must outlive it. `files` is null where there is no KVM to tell.
    struct Outside {
        AssignedFunction::Board board;
        const GuestMemory& memory;
        PciTopology& topology;
        VfioFiles* files;
        Timeline* timeline = nullptr;  ///< Where the moments of the start are noted; may be null.
    };

    /// Takes every function of `plan` out of `opened`, where it opens those that are not there yet;
    /// maps all guest memory for their DMA, tells KVM, and seats them in the topology. Plan and
    /// `opened` must outlive the assignment. Errors: of the step that failed, naming the function;
    /// the host is then as before.
    static Result<std::unique_ptr<Assignment>> create(const model::MachinePlan& plan,
                                                      device::OpenedFunctions& opened,
                                                      const Outside& outside);
    Assignment(const Assignment&) = delete;
    Assignment& operator=(const Assignment&) = delete;
    ~Assignment() = default;

    /// A device stopped to answer under a mapping: mappings of all functions go, accesses trap.
    /// Whether there were any; if not, the fault was not a device's.
    bool withdraw();

private:
    /// A function that was opened, with its place in the plan.
    struct Opened {
        std::size_t port;
        const model::FunctionPlan* plan;
        std::unique_ptr<device::DeviceControl> device;
    };

    explicit Assignment(const Outside& outside) : outside_{outside} {}
    static Result<std::vector<Opened>> take(const model::MachinePlan& plan,
                                            device::OpenedFunctions& opened);
    Result<void> map_memory(const device::OpenedFunctions& opened);
    Result<void> seat(Opened opened);

    Outside outside_;
    /// Runs backwards in the destructor: the way out is the way in.
    Undo undo_;
};

}  // namespace tenon::vmm
