// A root port at run time: its registers, its slot, its interrupt.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "model/running/error_state.hpp"
#include "model/running/link_state.hpp"
#include "model/running/slot_state.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/kvm/irq_routes.hpp"

namespace tenon::vmm::slots {

/// Answers the guest's accesses to a root port. One caller at a time.
class RootPort {
public:
    /// The port as `plan` has it, which is kept. `routes` and `warnings` must outlive it.
    RootPort(std::shared_ptr<const model::slot::PortPlan> plan, kvm::IrqRoutes& routes,
             board::Warnings& warnings);
    RootPort(const RootPort&) = delete;
    RootPort& operator=(const RootPort&) = delete;

    /// What a write asks of who has the functions below.
    struct Wanted {
        bool reset_functions = false;    ///< The bus below is reset, or its link disabled.
        bool release_functions = false;  ///< The guest let go of what is in the slot.
    };

    std::uint32_t read(std::uint16_t offset, unsigned size) const;
    Wanted write(std::uint16_t offset, unsigned size, std::uint32_t value);

    /// Goes by this plan of the same port from now on, and keeps it.
    void follow(std::shared_ptr<const model::slot::PortPlan> plan);

    /// The machine was reset.
    void restart();

    /// The slot's changes; see model::SlotState.
    void arrive() { carry_out(slot_.arrive()); }
    void depart() { carry_out(slot_.depart()); }
    void ask_to_leave() { carry_out(slot_.ask_to_leave()); }
    void stop_asking() { slot_.stop_asking(); }

    /// A function below has sent this. Whether the guest is told by an interrupt.
    bool receive(const model::running::ErrorMessage& message);
    /// The port itself finds an error below. Whether the guest is told by an interrupt.
    bool detect_error();

    /// Sends the port's interrupt, by MSI; nothing while the guest has that off. A guest that uses
    /// no MSI gets none: the port has no pin.
    void raise_interrupt();

    const model::slot::PortPlan& plan() const { return *plan_; }
    std::shared_ptr<const model::slot::PortPlan> shared_plan() const { return plan_; }
    model::running::SlotPhase phase() const { return slot_.phase(); }
    /// Whether the functions below can be reached.
    bool link_up() const { return link_.up(); }
    std::uint8_t devfn() const { return plan_->guest.devfn(); }
    /// The bus below, as the guest has numbered it; 0: not yet.
    std::uint8_t secondary_bus() const;

private:
    bool carry_out(const std::vector<model::running::SlotAction>& actions);

    std::shared_ptr<const model::slot::PortPlan> plan_;
    kvm::IrqRoutes& routes_;
    board::Warnings& warnings_;
    model::running::ConfigState config_;
    model::running::SlotState slot_;
    model::running::LinkState link_;
    model::running::ErrorState errors_;
};

}  // namespace tenon::vmm::slots
