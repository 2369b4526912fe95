#include "vmm/slots/pci_topology.hpp"

#include <iterator>
#include <ranges>
#include <utility>

#include "vmm/board/bus.hpp"

namespace tenon::vmm::slots {
namespace {

bool is_host_bridge(const board::PciHost::Place& place) {
    return place.bus == 0 && place.devfn == 0;
}

}  // namespace

PciTopology::PciTopology(const model::machine::MachinePlan& plan, Chassis& chassis, Resets& resets)
    : plan_{plan}, chassis_{chassis}, resets_{resets}, host_bridge_{plan.host_bridge} {}

std::shared_ptr<assigned::AssignedFunction> PciTopology::function_at(const Place& place) {
    for (const auto& slot : chassis_.slots())
        if (auto function = slot.find(place.bus, place.devfn)) return function;
    return {};
}

std::uint32_t PciTopology::read(const Place& place, unsigned size) {
    const auto nobody = static_cast<std::uint32_t>(board::all_ones(size));
    if (is_host_bridge(place)) {
        const MutexLock lock{mutex_};
        return host_bridge_.read(place.offset, static_cast<std::uint8_t>(size), 0);
    }
    if (place.bus == 0) {
        for (const auto& slot : chassis_.slots())
            if (slot.devfn() == place.devfn) return slot.read(place.offset, size);
        return nobody;
    }
    const auto function = function_at(place);
    return function ? function->read_config(place.offset, size) : nobody;
}

void PciTopology::write(const Place& place, unsigned size, std::uint32_t value) {
    if (is_host_bridge(place)) {
        const MutexLock lock{mutex_};
        // Nothing follows from what is written to it.
        [[maybe_unused]] const auto nothing =
            host_bridge_.write(place.offset, static_cast<std::uint8_t>(size), value);
    } else if (place.bus == 0) {
        for (std::size_t port = 0; port < chassis_.size(); ++port)
            if (chassis_.slot(port).devfn() == place.devfn)
                return write_port(port, place, size, value);
    } else if (const auto function = function_at(place)) {
        if (function->write_config(place.offset, size, value).reset) resets_.reset({function});
    }
}

void PciTopology::write_port(std::size_t port, const Place& place, unsigned size,
                             std::uint32_t value) {
    const auto wanted = chassis_.slot(port).write(place.offset, size, value);
    // The dword with the bus numbers. Source: PCIe Base Spec 6.0, 7.5.1.3.
    constexpr std::uint16_t bus_numbers = 0x18;
    if (remapper_ != nullptr && (place.offset & ~3) == bus_numbers)
        chassis_.renumber(port, *remapper_);
    // Together, for those that share a bus of the host.
    if (!wanted.reset.empty()) resets_.reset(wanted.reset);
    if (wanted.release) release_(port);
}

void PciTopology::restart() {
    if (restart_) restart_();
    Functions seen;
    for (const auto& slot : chassis_.slots())
        std::ranges::move(slot.seen_functions(), std::back_inserter(seen));
    resets_.reset(seen);
    for (auto& slot : chassis_.slots())
        slot.restart();
    for (const auto& function : seen)
        function->restart();
    if (remapper_ != nullptr) {
        remapper_->restart();
        for (std::size_t port = 0; port < chassis_.size(); ++port)
            chassis_.renumber(port, *remapper_);
    }
    const MutexLock lock{mutex_};
    host_bridge_ = model::running::ConfigState{plan_.host_bridge};
}

}  // namespace tenon::vmm::slots
