// The machine's slots: the one place that knows who is here.
//
//     Assignment ──seats, takes──▶ ┌─────────┐ ◀──who is there?── PciTopology, Resets, PeerMemory,
//                                  │ Chassis │                    HotPlug, DeviceErrors, query-pci
//                                  └─────────┘
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "vmm/iommu/remapper.hpp"
#include "vmm/slots/slot.hpp"

namespace tenon::vmm::slots {

/// As many slots as the machine has ports, as long as it is there. Thread-safe: each answer is of
/// its moment.
class Chassis {
public:
    /// All slots are empty. `routes` and `warnings` must outlive it.
    Chassis(const model::machine::MachinePlan& plan, kvm::IrqRoutes& routes,
            board::Warnings& warnings);

    std::size_t size() const { return slots_.size(); }
    /// The slot of port `port` of the plan.
    Slot& slot(std::size_t port) { return slots_[port]; }
    const Slot& slot(std::size_t port) const { return slots_[port]; }
    std::deque<Slot>& slots() { return slots_; }

    /// All functions, port by port, with those that wait.
    Functions functions() const;
    /// The machine as it is, with functions that wait.
    std::vector<std::shared_ptr<const model::slot::PortPlan>> plans() const;
    /// The machine as the guest sees it.
    std::vector<std::shared_ptr<const model::slot::PortPlan>> seen_plans() const;

    /// All functions, as they are to each other; those that wait too.
    std::vector<assigned::PeerMemory::Member> peers() const;

    /// The guest's IOMMU finds who is in the slot of port `port` by the bus that the guest has
    /// given it now.
    void renumber(std::size_t port, iommu::Remapper& remapper) const;

    /// A function by its id.
    struct Found {
        std::size_t port = 0;
        std::shared_ptr<Occupant> occupant;
        std::shared_ptr<const model::slot::FunctionPlan> plan;
    };
    std::optional<Found> find(const std::string& id) const;

private:
    std::deque<Slot> slots_;
};

}  // namespace tenon::vmm::slots
