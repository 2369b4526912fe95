// One slot of the machine: its root port, and who is in it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "model/slot/port_plan.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/slots/occupant.hpp"
#include "vmm/slots/root_port.hpp"

namespace tenon::vmm::slots {

using Functions = std::vector<std::shared_ptr<assigned::AssignedFunction>>;

/// Who is in a slot, at one moment. It never changes: a slot gets another one.
struct SlotContent {
    std::shared_ptr<const model::slot::PortPlan> plan;  ///< With functions that wait for number 0.
    std::vector<std::shared_ptr<Occupant>> occupants;

    Functions functions() const;
};

/// Answers the guest's accesses to a port, and knows who is behind it. Thread-safe; its content is
/// changed by one caller at a time. The lock is held for moments: no function is called with it.
///
/// While the guest knows of nobody in the slot, who is there already waits for function 0: unseen,
/// and the port goes by the plan of an empty one.
class Slot {
public:
    /// Nobody is there yet. `routes` and `warnings` must outlive it.
    Slot(const std::shared_ptr<const model::slot::PortPlan>& plan, kvm::IrqRoutes& routes,
         board::Warnings& warnings)
        : devfn_{plan->guest.devfn()}, root_{plan, routes, warnings}, content_{of(plan)} {}

    /// What a write to the port asks for.
    struct Wanted {
        Functions reset;       ///< These are to be reset.
        bool release = false;  ///< The guest let go of what is in the slot.
    };

    /// Place of the port on bus 0.
    std::uint8_t devfn() const { return devfn_; }
    /// Registers of the port: 1, 2 or 4 bytes in one dword.
    std::uint32_t read(std::uint16_t offset, unsigned size) const TENON_EXCLUDES(mutex_);
    Wanted write(std::uint16_t offset, unsigned size, std::uint32_t value) TENON_EXCLUDES(mutex_);
    /// The function that the guest finds there; null: none. A port takes what goes to its secondary
    /// bus; bus 0 there means that the guest gave it none.
    std::shared_ptr<assigned::AssignedFunction> find(std::uint8_t bus, std::uint8_t devfn) const
        TENON_EXCLUDES(mutex_);
    /// The bus below, as the guest has numbered it; 0: not yet.
    std::uint8_t secondary_bus() const TENON_EXCLUDES(mutex_);
    /// The machine was reset, and so is the port.
    void restart() TENON_EXCLUDES(mutex_);

    std::shared_ptr<const SlotContent> content() const TENON_EXCLUDES(mutex_);
    model::running::SlotPhase phase() const TENON_EXCLUDES(mutex_);
    /// What the guest sees: without functions that wait.
    std::shared_ptr<const model::slot::PortPlan> seen_plan() const TENON_EXCLUDES(mutex_);
    Functions seen_functions() const TENON_EXCLUDES(mutex_);

    /// A function is there from now on, or no more, which `plan` says too.
    void seat(std::shared_ptr<const model::slot::PortPlan> plan, std::shared_ptr<Occupant> occupant)
        TENON_EXCLUDES(mutex_);
    void unseat(std::shared_ptr<const model::slot::PortPlan> plan, const Occupant& occupant)
        TENON_EXCLUDES(mutex_);
    /// Who stays goes by this plan from now on. The functions first, so that none sends what the
    /// port no longer says to complete.
    void follow(std::shared_ptr<const model::slot::PortPlan> plan) TENON_EXCLUDES(mutex_);
    /// Who waits answers from now on, and the guest is told.
    void arrive() TENON_EXCLUDES(mutex_);
    /// Nobody answers any more, and the guest is told, if it knew of anybody. `plan` has none; they
    /// stay until they are taken.
    void depart(std::shared_ptr<const model::slot::PortPlan> plan) TENON_EXCLUDES(mutex_);
    /// Who departed.
    std::vector<std::shared_ptr<Occupant>> take() TENON_EXCLUDES(mutex_);

    /// Asks the guest to let go of what is in the slot; see model::SlotState.
    void ask_to_leave() TENON_EXCLUDES(mutex_);
    void stop_asking() TENON_EXCLUDES(mutex_);

    /// Shows the guest an error of who is there, in its registers where it has some for that, else
    /// in the port's.
    assigned::ErrorReport show_error(const Occupant& occupant) TENON_EXCLUDES(mutex_);

private:
    static std::shared_ptr<const SlotContent> of(
        std::shared_ptr<const model::slot::PortPlan> plan,
        std::vector<std::shared_ptr<Occupant>> occupants = {}) {
        return std::make_shared<const SlotContent>(
            SlotContent{.plan = std::move(plan), .occupants = std::move(occupants)});
    }
    void change(std::shared_ptr<const model::slot::PortPlan> plan,
                std::vector<std::shared_ptr<Occupant>> occupants);
    bool is_empty() const TENON_REQUIRES(mutex_) {
        return root_.phase() == model::running::SlotPhase::Empty;
    }

    const std::uint8_t devfn_;
    mutable Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::slot)
        TENON_ACQUIRED_BEFORE(board::order::said);
    RootPort root_ TENON_GUARDED_BY(mutex_);
    std::shared_ptr<const SlotContent> content_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::slots
