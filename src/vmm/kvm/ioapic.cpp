#include "vmm/kvm/ioapic.hpp"

#include <utility>

namespace tenon::vmm::kvm {

using model::running::IoapicActions;
using model::running::IoapicState;

std::uint64_t Ioapic::read(std::uint64_t offset, unsigned size) {
    const MutexLock lock{mutex_};
    return state_.read(offset) & board::all_ones(size);
}

void Ioapic::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const bool whole = size >= 4 || offset == IoapicState::index_register;
    if (!whole) return;
    const auto done = change([&](IoapicState& state) {
        return state.write(offset, static_cast<std::uint32_t>(value & board::all_ones(size)));
    });
    if (!done) refused_(done);
}

Result<void> Ioapic::set_pin(Gsi pin, bool up) {
    if (pin.value() >= IoapicState::pins) return {};
    return change([&](IoapicState& state) { return state.set_pin(pin.value(), up); });
}

Result<void> Ioapic::raise_until_end(Gsi pin) {
    if (pin.value() >= IoapicState::pins) return {};
    return change([&](IoapicState& state) { return state.raise_until_end(pin.value()); });
}

void Ioapic::let_go(Gsi pin) {
    if (pin.value() >= IoapicState::pins) return;
    const MutexLock lock{mutex_};
    state_.let_go(pin.value());
}

void Ioapic::end(std::uint8_t vector) {
    const auto done = change([&](IoapicState& state) { return state.end(vector); });
    if (!done) refused_(done);
}

void Ioapic::reset() {
    Result<void> done;
    {
        const MutexLock lock{mutex_};
        state_.reset();
        for (std::uint8_t pin = 0; pin < IoapicState::pins; ++pin)
            routes_.set_pin(Gsi{pin}, std::nullopt);
        done = routes_.commit();
    }
    if (!done) refused_(done);
}

// Who listens may raise the pin again at once: for a device that still has something to say.
Result<void> Ioapic::change(const Step& step) {
    IoapicActions actions;
    Result<void> done;
    {
        const MutexLock lock{mutex_};
        actions = step(state_);
        done = carry_out(actions);
    }
    for (const auto pin : actions.ended)
        ended_(Gsi{pin});
    return done;
}

// All of it, whatever fails; the first failure counts.
Result<void> Ioapic::carry_out(const IoapicActions& actions) {
    Result<void> failed;
    const auto keep_first = [&failed](Result<void> result) {
        if (failed && !result) failed = std::move(result);
    };
    for (const auto pin : actions.changed)
        keep_first(follow(pin));
    for (const auto& one : actions.sent)
        keep_first(routes_.send({.source = source_, .message = one.message}));
    return failed;
}

// KVM tells of the end of interrupts that are routed, and level-triggered. Source: Linux
// arch/x86/kvm/irq.c, kvm_scan_ioapic_routes().
Result<void> Ioapic::follow(std::uint8_t pin) {
    std::optional<SentMessage> sent;
    if (const auto message = state_.level_message(pin))
        sent = SentMessage{.source = source_, .message = *message};
    routes_.set_pin(Gsi{pin}, sent);
    return routes_.commit();
}

}  // namespace tenon::vmm::kvm
