#include "vmm/slots/root_port.hpp"

#include <fmt/core.h>

#include <utility>

#include "model/slot/root_port.hpp"
#include "pci/header.hpp"
#include "pci/msi.hpp"

namespace tenon::vmm::slots {

RootPort::RootPort(std::shared_ptr<const model::slot::PortPlan> plan, kvm::IrqRoutes& routes,
                   board::Warnings& warnings)
    : plan_{std::move(plan)},
      routes_{routes},
      warnings_{warnings},
      config_{plan_->map},
      slot_{config_, plan_->rules.hotplug.value},
      link_{config_},
      errors_{config_} {}

std::uint8_t RootPort::secondary_bus() const {
    return config_.bytes().read8(pci::header::secondary_bus);
}

std::uint32_t RootPort::read(std::uint16_t offset, unsigned size) const {
    return config_.read(offset, static_cast<std::uint8_t>(size), 0);
}

RootPort::Wanted RootPort::write(std::uint16_t offset, unsigned size, std::uint32_t value) {
    // What a port's registers do is with its link and its slot.
    [[maybe_unused]] const auto effects =
        config_.write(offset, static_cast<std::uint8_t>(size), value);
    const auto change = link_.written();
    if (change.active_changed) slot_.link_changed();
    if (errors_.written()) raise_interrupt();
    return {.reset_functions = change.reset, .release_functions = carry_out(slot_.written())};
}

void RootPort::follow(std::shared_ptr<const model::slot::PortPlan> plan) {
    // A port passes nothing to a device, so there is nothing to carry out.
    [[maybe_unused]] const auto nothing = config_.follow(plan->map);
    link_.followed();
    plan_ = std::move(plan);
}

void RootPort::restart() {
    config_ = model::running::ConfigState{plan_->map};
    slot_.restart();
    link_.restart();
    errors_.restart();
}

bool RootPort::receive(const model::running::ErrorMessage& message) {
    const bool tell = errors_.receive(message);
    if (tell) raise_interrupt();
    return tell;
}

bool RootPort::detect_error() {
    const bool tell = errors_.detect(plan_->guest.devfn());
    if (tell) raise_interrupt();
    return tell;
}

// Whether the functions are to be released.
bool RootPort::carry_out(const std::vector<model::running::SlotAction>& actions) {
    bool release = false;
    for (const auto action : actions) {
        if (action == model::running::SlotAction::Interrupt) raise_interrupt();
        release |= action == model::running::SlotAction::Release;
    }
    return release;
}

void RootPort::raise_interrupt() {
    constexpr auto at = model::slot::port_register::msi;
    const auto& bytes = config_.bytes();
    const pci::Command command{bytes.read16(pci::header::command)};
    const bool master = command.get<pci::BusMasterEnable>() != 0;
    const pci::MsiControl control{bytes.read16(at + pci::msi::control)};
    if (!master || control.get<pci::MsiEnable>() == 0) return;
    const auto address = bytes.read32(at + pci::msi::address) |
                         std::uint64_t{bytes.read32(at + pci::msi::upper_address)} << 32;
    const std::uint32_t data = bytes.read16(at + pci::msi::data(true));
    warnings_.check(
        routes_.send({.source = devfn(), .message = {.address = address, .data = data}}),
        fmt::format("port {}: its interrupt", plan_->name));
}

}  // namespace tenon::vmm::slots
