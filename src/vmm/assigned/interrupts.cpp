#include "vmm/assigned/interrupts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "vmm/assigned/incidents.hpp"

namespace tenon::vmm::assigned {

namespace action = model::running::action;

Interrupts::Interrupts(std::string name, const model::function::FunctionView& view,
                       bool msix_noresize, Outside outside)
    : name_{std::move(name)},
      view_{view},
      outside_{std::move(outside)},
      state_{view, msix_noresize} {
    lines_.resize(state_.capacity());
    if (!view.intx) return;
    const auto enter = outside_.enter;
    intx_.emplace(name_, view.intx->interrupt, view.intx->host_line,
                  IntxLine::Outside{
                      .device = outside_.device,
                      .vm = outside_.vm,
                      .events = outside_.events,
                      .pins = outside_.pins,
                      .bars = outside_.bars,
                      .warnings = outside_.warnings,
                      .arrived = [enter] { enter([](Interrupts& me) { me.intx_->arrived(); }); },
                      .elapsed = [enter] { enter([](Interrupts& me) { me.intx_->elapsed(); }); },
                  });
}

void Interrupts::config_changed(const pci::ConfigImage& config) {
    execute(state_.config_changed(config));
}

kvm::SentMessage Interrupts::sent_by_us(const model::running::Message& message) const {
    return {.source = source_, .message = {.address = message.address, .data = message.data}};
}

void Interrupts::renumber(model::iommu::SourceId source) {
    source_ = source;
    for (const auto& line : lines_)
        if (line.gsi) outside_.routes.renumber(*line.gsi, source);
    outside_.warnings.check(outside_.routes.commit(), {name_, "interrupts"},
                            fmt::format("interrupts of {}", name_));
}

void Interrupts::reset() { execute(state_.reset()); }

std::uint64_t Interrupts::read_table(std::uint64_t offset, unsigned size) const {
    return state_.read_table(static_cast<std::uint32_t>(offset), static_cast<std::uint8_t>(size));
}

void Interrupts::write_table(std::uint64_t offset, unsigned size, std::uint64_t value) {
    execute(state_.write_table(static_cast<std::uint32_t>(offset), static_cast<std::uint8_t>(size),
                               value));
}

bool Interrupts::is_pending(std::uint32_t vector) const {
    const auto& event = lines_[vector].event;
    return event && state_.pending_at(vector) == model::running::PendingAt::Event &&
           event->pending();
}

// One bit a vector. A vector that has an event keeps its bit there, the others in the device.
// Source: PCIe Base Spec 6.0, 7.7.2.6.
std::uint64_t Interrupts::read_pending(std::uint64_t offset, unsigned size) const {
    std::uint64_t bits = 0;
    std::uint64_t of_device = 0;
    for (unsigned bit = 0; bit < 8 * size; ++bit) {
        const auto vector = offset * 8 + bit;
        if (vector >= lines_.size()) break;
        const auto number = static_cast<std::uint32_t>(vector);
        if (state_.pending_at(number) == model::running::PendingAt::Device)
            of_device |= std::uint64_t{1} << bit;
        else if (is_pending(number))
            bits |= std::uint64_t{1} << bit;
    }
    if (of_device == 0) return bits;
    std::array<std::byte, 8> bytes{};
    // A device that does not answer has nothing pending.
    const auto& msix = *view_.msix;
    const auto own = msix.device_pba.value_or(
        model::function::MsixPlan::Place{.bar = msix.pba_bar, .offset = msix.pba_offset});
    if (outside_.device.read(own.bar, own.offset + offset, std::span{bytes}.first(size)))
        bits |= load<std::uint64_t>(bytes, 0) & of_device;
    return bits;
}

std::uint32_t Interrupts::msi_pending() const {
    std::uint32_t bits = 0;
    for (std::uint32_t vector = 0; vector < std::min<std::size_t>(lines_.size(), 32); ++vector)
        if (is_pending(vector)) bits |= 1u << vector;
    return bits;
}

// What is refused goes back to the state machine, whose answer is carried out after the rest.
void Interrupts::execute(model::running::InterruptActions actions) {
    while (!actions.empty()) {
        model::running::InterruptActions answers;
        for (const auto& action : actions) {
            const auto done = run(action);
            if (done && !*done) continue;
            const auto why = done ? fmt::format("the host has only {} vectors for it", **done)
                                  : to_string(done.error());
            auto answer = state_.refused(action, done ? *done : std::nullopt);
            if (answer.empty())
                outside_.warnings.once({name_, "interrupts"},
                                       fmt::format("interrupts of {}: {}", name_, why));
            for (auto& next : answer) {
                if (const auto* const said = std::get_if<action::Report>(&next))
                    report(*said, why);
                else
                    answers.push_back(std::move(next));
            }
        }
        actions = std::move(answers);
    }
}

void Interrupts::report(const action::Report& action, const std::string& why) {
    outside_.warnings.incident({.function = name_,
                                .kind = std::string{name_of(action.incident)},
                                .vector = action.vector,
                                .text = describe(action, why)});
}

Result<device::Offer> Interrupts::run(const model::running::InterruptAction& action) {
    return std::visit(
        [this](const auto& one) -> Result<device::Offer> {
            auto done = run_one(one);
            if constexpr (std::is_same_v<decltype(done), Result<device::Offer>>) {
                return done;
            } else {
                if (!done) return std::unexpected(std::move(done).error());
                return device::Offer{};
            }
        },
        action);
}

Result<int> Interrupts::event_of(std::uint32_t vector) {
    auto& event = lines_[vector].event;
    if (!event) {
        TENON_TRY(created, EventFd::create(), fmt::format("vector {}", vector));
        event = std::move(created);
    }
    return event->number();
}

// The events of vectors first..first+count-1, none for those that are not named.
Result<std::vector<int>> Interrupts::events_of(std::uint32_t first, std::uint32_t count,
                                               const std::vector<std::uint32_t>& vectors) {
    std::vector<int> events(count, device::DeviceControl::no_event);
    for (const auto vector : vectors) {
        TENON_TRY(event, event_of(vector), "");
        events[vector - first] = event;
    }
    return events;
}

Result<device::Offer> Interrupts::run_one(const action::EnableEmpty& action) {
    const int none = device::DeviceControl::no_event;
    TENON_TRY(offer, outside_.device.set_vectors(action.index, 0, {&none, 1}),
              "switching MSI-X on without a vector");
    if (!offer) enabled_ = action.index;
    return offer;
}

Result<device::Offer> Interrupts::run_one(const action::ConnectVectors& action) {
    if (!enabled_) return fail(Error::Kind::Busy, "MSI-X is not on in the device");
    const auto first = action.vectors.front();
    TENON_TRY(events, events_of(first, action.vectors.back() - first + 1, action.vectors), "");
    return outside_.device.set_vectors(device::IrqIndex::Msix, first, events);
}

Result<device::Offer> Interrupts::run_one(const action::EnableVectors& action) {
    if (enabled_) {
        TENON_TRY_DO(outside_.device.disable_vectors(*enabled_), "making room for more vectors");
        enabled_.reset();
    }
    TENON_TRY(events, events_of(0, action.count, action.connected), "");
    TENON_TRY(offer, outside_.device.set_vectors(action.index, 0, events),
              fmt::format("switching {} vectors on", action.count));
    if (!offer) enabled_ = action.index;
    return offer;
}

Result<void> Interrupts::run_one(const action::DisableAll& /*action*/) {
    Result<void> failed;
    const auto keep_first = [&failed](Result<void> result) {
        if (failed && !result) failed = std::move(result);
    };
    for (auto& line : lines_) {
        if (line.attached)
            keep_first(outside_.vm.disconnect_irqfd(*line.gsi, line.event->number()));
        if (line.watched) outside_.events.remove(*line.watched);
        if (line.gsi) outside_.routes.release(*line.gsi);
    }
    if (enabled_) keep_first(outside_.device.disable_vectors(*enabled_));
    enabled_.reset();
    // The events go last: until the host let go of them they were its to signal.
    for (auto& line : lines_)
        line = Line{};
    staged_.clear();
    keep_first(outside_.routes.commit());
    return failed;
}

Result<void> Interrupts::run_one(const action::SetRoute& action) {
    auto& gsi = lines_[action.vector].gsi;
    if (!gsi) {
        TENON_TRY(allocated, outside_.routes.allocate(), fmt::format("vector {}", action.vector));
        gsi = allocated;
    }
    outside_.routes.set(*gsi, sent_by_us(action.message));
    lines_[action.vector].staged = true;
    staged_.push_back(action.vector);
    return {};
}

Result<void> Interrupts::run_one(const action::DropRoute& action) {
    auto& gsi = lines_[action.vector].gsi;
    if (gsi) outside_.routes.release(*gsi);
    gsi.reset();
    lines_[action.vector].staged = false;
    return {};
}

Result<void> Interrupts::run_one(const action::CommitRoutes& /*action*/) {
    auto done = outside_.routes.commit();
    for (const auto vector : std::exchange(staged_, {}))
        lines_[vector].staged = !done.has_value();
    return done;
}

Result<void> Interrupts::run_one(const action::Attach& action) {
    auto& line = lines_[action.vector];
    // Without its route KVM would swallow what is pending; the state machine knows of it.
    if (!line.gsi || line.staged) return {};
    TENON_TRY(event, event_of(action.vector), "");
    TENON_TRY_DO(outside_.vm.connect_irqfd(*line.gsi, event, kvm::Vm::no_resample),
                 fmt::format("giving vector {} to KVM", action.vector));
    line.attached = true;
    return {};
}

Result<void> Interrupts::run_one(const action::Relay& action) {
    auto& line = lines_[action.vector];
    line.message = action.message;
    if (line.watched) return {};
    TENON_TRY(event, event_of(action.vector), "");
    TENON_TRY(token,
              outside_.events.add(event,
                                  [enter = outside_.enter, vector = action.vector] {
                                      enter([vector](Interrupts& me) { me.deliver(vector); });
                                  }),
              fmt::format("vector {}", action.vector));
    line.watched = token;
    return {};
}

Result<void> Interrupts::run_one(const action::Detach& action) {
    auto& line = lines_[action.vector];
    if (line.watched) outside_.events.remove(*std::exchange(line.watched, std::nullopt));
    if (!std::exchange(line.attached, false)) return {};
    return outside_.vm.disconnect_irqfd(*line.gsi, line.event->number());
}

Result<void> Interrupts::run_one(const action::Fire& action) {
    if (const auto& event = lines_[action.vector].event) event->signal();
    return {};
}

Result<void> Interrupts::run_one(const action::AttachIntx& action) {
    return intx_->attach(action.delivery);
}

Result<void> Interrupts::run_one(const action::DetachIntx& /*action*/) { return intx_->detach(); }

Result<void> Interrupts::run_one(const action::EnableIntx& action) {
    return intx_->enable(action.delivery);
}

Result<void> Interrupts::run_one(const action::DisableIntx& /*action*/) { return intx_->disable(); }

Result<void> Interrupts::run_one(const action::Report& action) {
    report(action, "");
    return {};
}

// On the event loop's behalf. The vector may have been masked since.
void Interrupts::deliver(std::uint32_t vector) {
    const auto& line = lines_[vector];
    if (!line.watched || line.event->take() == 0) return;
    outside_.warnings.check(outside_.routes.send(sent_by_us(line.message)),
                            {name_, "delivering vectors"},
                            fmt::format("vector {} of {}", vector, name_));
}

}  // namespace tenon::vmm::assigned
