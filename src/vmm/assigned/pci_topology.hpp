// The guest's PCI buses at run time: host bridge, root ports, and the assigned functions behind
// them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "model/config_state.hpp"
#include "model/machine_plan.hpp"
#include "vmm/assigned/function.hpp"
#include "vmm/ecam.hpp"

namespace tenon::vmm {

/// Finds who answers a configuration access, by the bus numbers that the guest gave the ports.
class PciTopology final : public PciHost {
public:
    /// No function is there yet. The plan must outlive this.
    explicit PciTopology(const model::MachinePlan& plan);

    /// Puts a function into the slot of port `port` of the plan.
    void add(std::size_t port, const model::FunctionPlan& plan,
             std::shared_ptr<AssignedFunction> function);

    /// Takes a function out of its slot.
    void remove(const AssignedFunction& function);

    /// The slot of port `port` has changed: the port and the functions that stay go by this plan
    /// from now on, which must outlive this. The functions first, so that none sends what the port
    /// no longer says to complete.
    void follow(std::size_t port, const model::PortPlan& plan);

    std::uint32_t read(const Place& place, unsigned size) override;
    void write(const Place& place, unsigned size, std::uint32_t value) override;
    void restart() override;

    /// All functions, in the order they were added.
    std::vector<std::shared_ptr<AssignedFunction>> functions() const;

private:
    struct Seated {
        std::uint8_t devfn = 0;
        std::shared_ptr<AssignedFunction> function;
    };
    struct Port {
        std::uint8_t devfn = 0;
        model::ConfigState config;
        std::vector<Seated> functions;
    };
    model::ConfigState* bridge_at(const Place& place, Port*& port);
    AssignedFunction* function_at(const Place& place);

    const model::MachinePlan& plan_;
    mutable std::mutex mutex_;  ///< Guards what follows.
    model::ConfigState host_bridge_;
    std::vector<Port> ports_;
};

}  // namespace tenon::vmm
