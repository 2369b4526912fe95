#include "vmm/assigned/interrupts.hpp"

#include <fmt/core.h>

#include <variant>

#include "vmm/bus.hpp"

namespace tenon::vmm {

namespace action = model::action;

Interrupts::Interrupts(std::string name, const model::FunctionView& view, bool msix_noresize,
                       Outside outside)
    : name_{std::move(name)}, outside_{outside}, state_{view, msix_noresize} {
    lines_.resize(state_.capacity());
}

void Interrupts::config_changed(const pci::ConfigImage& config) {
    execute(state_.config_changed(config));
}

void Interrupts::reset() { execute(state_.reset()); }

std::uint64_t Interrupts::read_table(std::uint64_t offset, unsigned size) const {
    return state_.read_table(static_cast<std::uint32_t>(offset), static_cast<std::uint8_t>(size));
}

void Interrupts::write_table(std::uint64_t offset, unsigned size, std::uint64_t value) {
    execute(state_.write_table(static_cast<std::uint32_t>(offset), static_cast<std::uint8_t>(size),
                               value));
}

// One bit a vector: its event was signalled while KVM did not have it.
// Source: PCIe Base Spec 6.0, 7.7.2.6.
std::uint64_t Interrupts::read_pending(std::uint64_t offset, unsigned size) const {
    std::uint64_t bits = 0;
    for (unsigned bit = 0; bit < 8 * size; ++bit) {
        const auto vector = offset * 8 + bit;
        if (vector >= lines_.size()) break;
        const auto& event = lines_[vector].event;
        if (event && state_.may_pend(static_cast<std::uint32_t>(vector)) && event->pending())
            bits |= std::uint64_t{1} << bit;
    }
    return bits;
}

// A step that fails is said once; the others go on, so that what can work does.
void Interrupts::execute(const std::vector<model::InterruptAction>& actions) {
    for (const auto& action : actions)
        outside_.warnings.check(run(action), fmt::format("interrupts of {}", name_));
}

Result<void> Interrupts::run(const model::InterruptAction& action) {
    return std::visit([this](const auto& one) { return run_one(one); }, action);
}

Result<int> Interrupts::event_of(std::uint32_t vector) {
    auto& event = lines_[vector].event;
    if (!event) {
        TENON_TRY(created, EventFd::create(), fmt::format("vector {}", vector));
        event = std::move(created);
    }
    return event->number();
}

Result<void> Interrupts::run_one(const action::EnableEmpty& action) {
    const int none = device::DeviceControl::no_event;
    TENON_TRY_DO(outside_.device.set_vectors(action.index, 0, {&none, 1}),
                 "switching MSI-X on without a vector");
    enabled_ = action.index;
    return {};
}

Result<void> Interrupts::run_one(const action::ConnectVector& action) {
    TENON_TRY(event, event_of(action.vector), "");
    TENON_TRY_DO(outside_.device.set_vectors(action.index, action.vector, {&event, 1}),
                 fmt::format("vector {} stays silent", action.vector));
    return {};
}

Result<void> Interrupts::run_one(const action::EnableVectors& action) {
    if (enabled_) {
        TENON_TRY_DO(outside_.device.disable_vectors(*enabled_), "making room for more vectors");
        enabled_.reset();
    }
    std::vector<int> events(action.count, device::DeviceControl::no_event);
    for (const auto vector : action.connected) {
        TENON_TRY(event, event_of(vector), "");
        events[vector] = event;
    }
    TENON_TRY_DO(outside_.device.set_vectors(action.index, 0, events),
                 fmt::format("switching {} vectors on", action.count));
    enabled_ = action.index;
    return {};
}

Result<void> Interrupts::run_one(const action::DisableAll& /*action*/) {
    Result<void> failed;
    const auto keep_first = [&failed](Result<void> result) {
        if (failed && !result) failed = std::move(result);
    };
    for (auto& line : lines_) {
        if (line.attached && line.gsi && line.event)
            keep_first(outside_.vm.disconnect_irqfd(*line.gsi, line.event->number()));
        if (line.gsi) outside_.routes.release(*line.gsi);
        line.gsi.reset();
        line.attached = false;
    }
    if (enabled_) keep_first(outside_.device.disable_vectors(*enabled_));
    enabled_.reset();
    // The events go last: until the host let go of them they were its to signal.
    for (auto& line : lines_)
        line.event.reset();
    keep_first(outside_.routes.commit());
    return failed;
}

Result<void> Interrupts::run_one(const action::SetRoute& action) {
    auto& gsi = lines_[action.vector].gsi;
    if (!gsi) {
        TENON_TRY(allocated, outside_.routes.allocate(), fmt::format("vector {}", action.vector));
        gsi = allocated;
    }
    outside_.routes.set(*gsi, action.message.address, action.message.data);
    return {};
}

Result<void> Interrupts::run_one(const action::CommitRoutes& /*action*/) {
    return outside_.routes.commit();
}

Result<void> Interrupts::run_one(const action::Attach& action) {
    auto& line = lines_[action.vector];
    if (!line.gsi) return {};  // The route found no place, which was said.
    TENON_TRY(event, event_of(action.vector), "");
    TENON_TRY_DO(outside_.vm.connect_irqfd(*line.gsi, event, Vm::no_resample),
                 fmt::format("giving vector {} to KVM", action.vector));
    line.attached = true;
    return {};
}

Result<void> Interrupts::run_one(const action::Detach& action) {
    auto& line = lines_[action.vector];
    if (!line.attached) return {};
    line.attached = false;
    return outside_.vm.disconnect_irqfd(*line.gsi, line.event->number());
}

Result<void> Interrupts::run_one(const action::Fire& action) {
    if (const auto& event = lines_[action.vector].event) event->signal();
    return {};
}

Result<void> Interrupts::run_one(const action::Report& action) {
    return malformed(
        "the guest gave vector {} the message address {:#x}, which is no interrupt: it is not "
        "delivered",
        action.vector, action.message.address);
}

}  // namespace tenon::vmm
