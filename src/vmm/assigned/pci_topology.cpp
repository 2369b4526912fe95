#include "vmm/assigned/pci_topology.hpp"

#include <variant>

#include "pci/header.hpp"
#include "vmm/bus.hpp"

namespace tenon::vmm {

PciTopology::PciTopology(const model::MachinePlan& plan)
    : plan_{plan}, host_bridge_{plan.host_bridge} {
    ports_.reserve(plan.ports.size());
    for (const auto& port : plan.ports)
        ports_.push_back({.devfn = port.guest.devfn(), .config = model::ConfigState{port.map}});
}

void PciTopology::add(std::size_t port, const model::FunctionPlan& plan,
                      std::shared_ptr<AssignedFunction> function) {
    const std::lock_guard lock{mutex_};
    ports_[port].functions.push_back(
        {.devfn = plan.guest.devfn(), .function = std::move(function)});
}

void PciTopology::remove(const AssignedFunction& function) {
    const std::lock_guard lock{mutex_};
    for (auto& port : ports_)
        std::erase_if(port.functions,
                      [&](const Seated& seated) { return seated.function.get() == &function; });
}

void PciTopology::follow(std::size_t port, const model::PortPlan& plan) {
    const std::lock_guard lock{mutex_};
    for (const auto& function : plan.functions)
        for (auto& seated : ports_[port].functions)
            if (seated.devfn == function.guest.devfn()) seated.function->follow(function.view);
    // A port passes nothing to a device, so there is nothing to carry out.
    [[maybe_unused]] const auto nothing = ports_[port].config.follow(plan.map);
}

model::ConfigState* PciTopology::bridge_at(const Place& place, Port*& port) {
    if (place.bus != 0) return nullptr;
    if (place.devfn == 0) return &host_bridge_;
    for (auto& candidate : ports_) {
        if (candidate.devfn != place.devfn) continue;
        port = &candidate;
        return &candidate.config;
    }
    return nullptr;
}

// A port takes what goes to its secondary bus; bus 0 there means that the guest gave it none.
AssignedFunction* PciTopology::function_at(const Place& place) {
    if (place.bus == 0) return nullptr;
    for (auto& port : ports_) {
        if (port.config.bytes().read8(pci::header::secondary_bus) != place.bus) continue;
        for (auto& seated : port.functions)
            if (seated.devfn == place.devfn) return seated.function.get();
    }
    return nullptr;
}

std::uint32_t PciTopology::read(const Place& place, unsigned size) {
    const std::lock_guard lock{mutex_};
    Port* port = nullptr;
    if (auto* const bridge = bridge_at(place, port))
        return bridge->read(place.offset, static_cast<std::uint8_t>(size), 0);
    if (auto* const function = function_at(place)) return function->read_config(place.offset, size);
    return static_cast<std::uint32_t>(all_ones(size));
}

void PciTopology::write(const Place& place, unsigned size, std::uint32_t value) {
    const std::lock_guard lock{mutex_};
    Port* port = nullptr;
    if (auto* const bridge = bridge_at(place, port)) {
        const auto effects = bridge->write(place.offset, static_cast<std::uint8_t>(size), value);
        for (const auto& effect : effects)
            if (port != nullptr && std::holds_alternative<model::effect::ResetSecondaryBus>(effect))
                for (auto& seated : port->functions)
                    seated.function->reset();
        return;
    }
    if (auto* const function = function_at(place))
        function->write_config(place.offset, size, value);
}

void PciTopology::restart() {
    const std::lock_guard lock{mutex_};
    host_bridge_ = model::ConfigState{plan_.host_bridge};
    for (std::size_t n = 0; n < ports_.size(); ++n) {
        ports_[n].config = model::ConfigState{plan_.ports[n].map};
        for (auto& seated : ports_[n].functions)
            seated.function->restart();
    }
}

std::vector<std::shared_ptr<AssignedFunction>> PciTopology::functions() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::shared_ptr<AssignedFunction>> all;
    for (const auto& port : ports_)
        for (const auto& seated : port.functions)
            all.push_back(seated.function);
    return all;
}

}  // namespace tenon::vmm
