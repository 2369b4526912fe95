// The guest's PCI buses at run time: host bridge, root ports, and the assigned functions behind
// them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "model/running/config_state.hpp"
#include "vmm/assigned/function.hpp"
#include "vmm/board/ecam.hpp"
#include "vmm/slots/root_port.hpp"

namespace tenon::vmm::slots {

/// Finds who answers a configuration access, by the bus numbers that the guest gave the ports.
class PciTopology final : public board::PciHost {
public:
    /// A function with its number in the slot.
    struct Seated {
        std::uint8_t devfn = 0;
        std::shared_ptr<assigned::AssignedFunction> function;
    };

    /// No function is there yet. All must outlive this.
    PciTopology(const model::machine::MachinePlan& plan, kvm::Vm& vm, assigned::Resets& resets,
                board::Warnings& warnings);

    /// Puts a function into the slot of port `port` of the plan, before the guest starts.
    void add(std::size_t port, const model::slot::FunctionPlan& plan,
             std::shared_ptr<assigned::AssignedFunction> function);

    /// Takes a function out of its slot.
    void remove(const assigned::AssignedFunction& function);

    /// The slot of port `port` has changed: the port and the functions that stay go by this plan
    /// from now on. The functions first, so that none sends what the port no longer says to
    /// complete.
    void follow(std::size_t port, std::shared_ptr<const model::slot::PortPlan> plan);

    /// The functions of an empty slot answer from now on, and the guest is told.
    void arrive(std::size_t port, std::shared_ptr<const model::slot::PortPlan> plan,
                std::vector<Seated> functions);

    /// All functions of the slot answer no more, and the guest is told. `plan` has none.
    void depart(std::size_t port, std::shared_ptr<const model::slot::PortPlan> plan);

    /// Asks the guest to let go of what is in the slot; see model::SlotState.
    void ask_to_leave(std::size_t port);
    void stop_asking(std::size_t port);

    /// Who is told that the guest let go of a slot. It is called with the lock held that accesses
    /// need: it is to note that and return. While no guest runs.
    void on_release(std::function<void(std::size_t port)> listener) {
        release_ = std::move(listener);
    }

    /// Who is called before the functions are reset because the machine is, without a lock.
    void on_restart(std::function<void()> listener) { restart_ = std::move(listener); }

    /// Shows the guest an error of a function, in its registers where it has some for that, else in
    /// its port's. Nothing if it is in no slot.
    assigned::ErrorReport show_error(assigned::AssignedFunction& function);

    model::running::SlotPhase phase(std::size_t port) const;

    std::uint32_t read(const Place& place, unsigned size) override;
    void write(const Place& place, unsigned size, std::uint32_t value) override;
    void restart() override;

    /// All functions, port by port.
    std::vector<std::shared_ptr<assigned::AssignedFunction>> functions() const;

    /// The plans that the ports go by now.
    std::vector<std::shared_ptr<const model::slot::PortPlan>> plans() const;

private:
    struct Port {
        std::unique_ptr<RootPort> root;
        std::vector<Seated> functions;
    };
    Port* port_at(const Place& place);
    assigned::AssignedFunction* function_at(const Place& place);
    void write_port(std::size_t number, const Place& place, unsigned size, std::uint32_t value);
    void reset(std::span<const Port> ports);
    static void follow(Port& port, std::shared_ptr<const model::slot::PortPlan> plan);

    const model::machine::MachinePlan& plan_;
    assigned::Resets& resets_;
    std::function<void(std::size_t port)> release_;
    std::function<void()> restart_;
    mutable std::mutex mutex_;  ///< Guards what follows.
    model::running::ConfigState host_bridge_;
    std::vector<Port> ports_;
};

}  // namespace tenon::vmm::slots
