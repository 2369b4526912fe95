#include "vmm/assigned/intx_line.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <utility>

namespace tenon::vmm::assigned {
namespace {

using model::function::IntxDelivery;

// Longer than a guest takes that runs, shorter than one takes to give the pin up: Linux does so
// after 99,900 interrupts that nobody wanted. Source: Linux kernel/irq/spurious.c.
constexpr unsigned guest_milliseconds = 10;
// Long enough that a device in use stays trapped, short enough that one that changed to MSI is not.
constexpr unsigned quiet_milliseconds = 1000;

Result<void> ensure(std::optional<EventFd>& event) {
    if (event) return {};
    TENON_TRY(created, EventFd::create(), "INTx");
    event = std::move(created);
    return {};
}

// Of a device in which the kernel cannot mask INTx, VFIO takes the whole line, or is told that
// others have it. Source: Linux, drivers/vfio/pci/vfio_pci_intrs.c.
std::string why_busy(const std::string& host_line) {
    return fmt::format(
        "INTx cannot be masked in this device, so that nobody else may be on its line of the host "
        "({}); give intx=off, or take the drivers of the others away",
        host_line.empty() ? "/proc/interrupts shows who is" : host_line);
}

}  // namespace

IntxLine::IntxLine(std::string name, std::uint32_t interrupt, std::string host_line,
                   Outside outside)
    : name_{std::move(name)},
      pin_{interrupt},
      host_line_{std::move(host_line)},
      outside_{std::move(outside)},
      timer_{outside_.events} {}

Result<void> IntxLine::attach(IntxDelivery delivery) {
    TENON_TRY_DO(ensure(event_), "");
    if (delivery == IntxDelivery::Trapped) {
        TENON_TRY(token, outside_.events.add(event_->number(), outside_.arrived), "INTx");
        watched_ = token;
        return {};
    }
    TENON_TRY_DO(ensure(resample_), "");
    TENON_TRY_DO(outside_.vm.connect_irqfd(pin_, event_->number(), resample_->number()), "INTx");
    with_kvm_ = true;
    return {};
}

Result<void> IntxLine::detach() {
    if (watched_) {
        outside_.events.remove(*std::exchange(watched_, std::nullopt));
        if (raised_) end();
        outside_.bars.set_trapped(false);
    }
    if (!std::exchange(with_kvm_, false)) return {};
    return outside_.vm.disconnect_irqfd(pin_, event_->number());
}

Result<void> IntxLine::enable(IntxDelivery delivery) {
    TENON_TRY_DO(ensure(event_), "");
    const int event = event_->number();
    auto asked = outside_.device.set_vectors(device::IrqIndex::Intx, 0, {&event, 1});
    if (!asked && asked.error().os_error == EBUSY) asked.error().hint = why_busy(host_line_);
    TENON_TRY(offer, std::move(asked), "INTx");
    if (offer) return fail(Error::Kind::Busy, "INTx: the host has none for it");
    enabled_ = true;
    if (delivery == IntxDelivery::Trapped) return {};
    TENON_TRY_DO(ensure(resample_), "");
    return outside_.device.unmask_intx_on(resample_->number());
}

Result<void> IntxLine::disable() {
    if (!std::exchange(enabled_, false)) return {};
    auto done = outside_.device.disable_vectors(device::IrqIndex::Intx);
    event_.reset();
    resample_.reset();
    return done;
}

void IntxLine::arrived() {
    if (!watched_ || event_->take() == 0) return;
    outside_.bars.set_trapped(true);
    raised_ = true;
    outside_.warnings.check(outside_.pins.set(pin_, this, true), fmt::format("INTx of {}", name_));
    await(Awaited::Guest);
}

void IntxLine::end() {
    raised_ = false;
    const auto step = fmt::format("INTx of {}", name_);
    outside_.warnings.check(outside_.pins.set(pin_, this, false), step);
    if (enabled_) outside_.warnings.check(outside_.device.unmask_intx(), step);
}

void IntxLine::await(Awaited what) {
    awaited_ = what;
    const auto time = what == Awaited::Guest ? guest_milliseconds : quiet_milliseconds;
    outside_.warnings.check(timer_.set(time, outside_.elapsed), fmt::format("INTx of {}", name_));
}

void IntxLine::elapsed() {
    if (!watched_) return;
    if (awaited_ == Awaited::Quiet) return outside_.bars.set_trapped(false);
    if (raised_) end();
    await(Awaited::Quiet);
}

}  // namespace tenon::vmm::assigned
