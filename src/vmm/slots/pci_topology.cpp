#include "vmm/slots/pci_topology.hpp"

#include <algorithm>
#include <utility>

#include "vmm/board/bus.hpp"

namespace tenon::vmm::slots {

PciTopology::PciTopology(const model::machine::MachinePlan& plan, kvm::Vm& vm,
                         assigned::Resets& resets, board::Warnings& warnings)
    : plan_{plan}, resets_{resets}, host_bridge_{plan.host_bridge} {
    ports_.reserve(plan.ports.size());
    for (const auto& port : plan.ports)
        ports_.push_back({.root = std::make_unique<RootPort>(port, vm, warnings), .functions = {}});
}

void PciTopology::add(std::size_t port, const model::slot::FunctionPlan& plan,
                      std::shared_ptr<assigned::AssignedFunction> function) {
    const std::lock_guard lock{mutex_};
    ports_[port].functions.push_back(
        {.devfn = plan.guest.devfn(), .function = std::move(function)});
}

void PciTopology::remove(const assigned::AssignedFunction& function) {
    const std::lock_guard lock{mutex_};
    for (auto& port : ports_)
        std::erase_if(port.functions,
                      [&](const Seated& seated) { return seated.function.get() == &function; });
}

void PciTopology::follow(Port& port, std::shared_ptr<const model::slot::PortPlan> plan) {
    for (const auto& function : plan->functions)
        for (auto& seated : port.functions)
            if (seated.devfn == function.guest.devfn())
                seated.function->follow(
                    std::shared_ptr<const model::slot::FunctionPlan>{plan, &function});
    port.root->follow(std::move(plan));
}

void PciTopology::follow(std::size_t port, std::shared_ptr<const model::slot::PortPlan> plan) {
    const std::lock_guard lock{mutex_};
    follow(ports_[port], std::move(plan));
}

void PciTopology::arrive(std::size_t port, std::shared_ptr<const model::slot::PortPlan> plan,
                         std::vector<Seated> functions) {
    const std::lock_guard lock{mutex_};
    ports_[port].functions = std::move(functions);
    follow(ports_[port], std::move(plan));
    ports_[port].root->arrive();
}

void PciTopology::depart(std::size_t port, std::shared_ptr<const model::slot::PortPlan> plan) {
    const std::lock_guard lock{mutex_};
    ports_[port].functions.clear();
    follow(ports_[port], std::move(plan));
    ports_[port].root->depart();
}

void PciTopology::ask_to_leave(std::size_t port) {
    const std::lock_guard lock{mutex_};
    ports_[port].root->ask_to_leave();
}

void PciTopology::stop_asking(std::size_t port) {
    const std::lock_guard lock{mutex_};
    ports_[port].root->stop_asking();
}

assigned::ErrorReport PciTopology::show_error(assigned::AssignedFunction& function) {
    const std::lock_guard lock{mutex_};
    for (auto& port : ports_)
        for (const auto& seated : port.functions) {
            if (seated.function.get() != &function) continue;
            auto report = function.show_error();
            if (!report) return {.fatal = true, .told = port.root->detect_error()};
            const auto requester =
                static_cast<std::uint16_t>(port.root->secondary_bus() << 8 | seated.devfn);
            report->told = report->told &&
                           port.root->receive({.requester = requester, .fatal = report->fatal});
            return *report;
        }
    return {};
}

model::running::SlotPhase PciTopology::phase(std::size_t port) const {
    const std::lock_guard lock{mutex_};
    return ports_[port].root->phase();
}

PciTopology::Port* PciTopology::port_at(const Place& place) {
    if (place.bus != 0) return nullptr;
    const auto found = std::ranges::find_if(
        ports_, [&](const Port& port) { return port.root->devfn() == place.devfn; });
    return found == ports_.end() ? nullptr : &*found;
}

// A port takes what goes to its secondary bus; bus 0 there means that the guest gave it none.
assigned::AssignedFunction* PciTopology::function_at(const Place& place) {
    if (place.bus == 0) return nullptr;
    for (auto& port : ports_) {
        if (port.root->secondary_bus() != place.bus || !port.root->link_up()) continue;
        for (auto& seated : port.functions)
            if (seated.devfn == place.devfn) return seated.function.get();
    }
    return nullptr;
}

std::uint32_t PciTopology::read(const Place& place, unsigned size) {
    const std::lock_guard lock{mutex_};
    if (place.bus == 0 && place.devfn == 0)
        return host_bridge_.read(place.offset, static_cast<std::uint8_t>(size), 0);
    if (const auto* const port = port_at(place)) return port->root->read(place.offset, size);
    if (auto* const function = function_at(place)) return function->read_config(place.offset, size);
    return static_cast<std::uint32_t>(board::all_ones(size));
}

void PciTopology::write(const Place& place, unsigned size, std::uint32_t value) {
    const std::lock_guard lock{mutex_};
    if (place.bus == 0 && place.devfn == 0) {
        // Nothing follows from what is written to it.
        [[maybe_unused]] const auto nothing =
            host_bridge_.write(place.offset, static_cast<std::uint8_t>(size), value);
    } else if (auto* const port = port_at(place)) {
        write_port(static_cast<std::size_t>(port - ports_.data()), place, size, value);
    } else if (auto* const function = function_at(place)) {
        function->write_config(place.offset, size, value);
    }
}

void PciTopology::write_port(std::size_t number, const Place& place, unsigned size,
                             std::uint32_t value) {
    auto& port = ports_[number];
    const auto wanted = port.root->write(place.offset, size, value);
    if (wanted.reset_functions) reset(std::span{&port, 1});
    if (wanted.release_functions && release_) release_(number);
}

// Together, for those that share a bus of the host.
void PciTopology::reset(std::span<const Port> ports) {
    std::vector<assigned::AssignedFunction*> below;
    for (const auto& port : ports)
        for (const auto& seated : port.functions)
            below.push_back(seated.function.get());
    resets_.reset(below);
}

void PciTopology::restart() {
    if (restart_) restart_();
    const std::lock_guard lock{mutex_};
    host_bridge_ = model::running::ConfigState{plan_.host_bridge};
    reset(ports_);
    for (auto& port : ports_) {
        port.root->restart();
        for (auto& seated : port.functions)
            seated.function->restart();
    }
}

std::vector<std::shared_ptr<assigned::AssignedFunction>> PciTopology::functions() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::shared_ptr<assigned::AssignedFunction>> all;
    for (const auto& port : ports_)
        for (const auto& seated : port.functions)
            all.push_back(seated.function);
    return all;
}

std::vector<std::shared_ptr<const model::slot::PortPlan>> PciTopology::plans() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::shared_ptr<const model::slot::PortPlan>> plans;
    plans.reserve(ports_.size());
    for (const auto& port : ports_)
        plans.push_back(port.root->shared_plan());
    return plans;
}

}  // namespace tenon::vmm::slots
