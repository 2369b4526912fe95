#include "vmm/slots/slot.hpp"

#include <algorithm>
#include <utility>

namespace tenon::vmm::slots {

using model::slot::PortPlan;

Functions SlotContent::functions() const {
    Functions all;
    for (const auto& occupant : occupants)
        all.push_back(occupant->function());
    return all;
}

std::uint32_t Slot::read(std::uint16_t offset, unsigned size) const {
    const MutexLock lock{mutex_};
    return root_.read(offset, size);
}

Slot::Wanted Slot::write(std::uint16_t offset, unsigned size, std::uint32_t value) {
    const MutexLock lock{mutex_};
    const auto wanted = root_.write(offset, size, value);
    const bool reset = wanted.reset_functions && !is_empty();
    return {.reset = reset ? content_->functions() : Functions{},
            .release = wanted.release_functions};
}

std::shared_ptr<assigned::AssignedFunction> Slot::find(std::uint8_t bus, std::uint8_t devfn) const {
    const MutexLock lock{mutex_};
    if (bus == 0 || root_.secondary_bus() != bus || !root_.link_up() || is_empty()) return {};
    for (const auto& occupant : content_->occupants)
        if (occupant->devfn() == devfn) return occupant->function();
    return {};
}

std::uint8_t Slot::secondary_bus() const {
    const MutexLock lock{mutex_};
    return root_.secondary_bus();
}

void Slot::restart() {
    const MutexLock lock{mutex_};
    root_.restart();
}

std::shared_ptr<const SlotContent> Slot::content() const {
    const MutexLock lock{mutex_};
    return content_;
}

model::running::SlotPhase Slot::phase() const {
    const MutexLock lock{mutex_};
    return root_.phase();
}

std::shared_ptr<const PortPlan> Slot::seen_plan() const {
    const MutexLock lock{mutex_};
    return root_.shared_plan();
}

Functions Slot::seen_functions() const {
    const MutexLock lock{mutex_};
    return is_empty() ? Functions{} : content_->functions();
}

void Slot::seat(std::shared_ptr<const PortPlan> plan, std::shared_ptr<Occupant> occupant) {
    auto occupants = content()->occupants;
    occupants.push_back(std::move(occupant));
    change(std::move(plan), std::move(occupants));
}

void Slot::unseat(std::shared_ptr<const PortPlan> plan, const Occupant& occupant) {
    auto occupants = content()->occupants;
    std::erase_if(occupants, [&](const auto& one) { return one.get() == &occupant; });
    change(std::move(plan), std::move(occupants));
}

void Slot::follow(std::shared_ptr<const PortPlan> plan) {
    change(std::move(plan), content()->occupants);
}

void Slot::change(std::shared_ptr<const PortPlan> plan,
                  std::vector<std::shared_ptr<Occupant>> occupants) {
    for (const auto& function : plan->functions)
        for (const auto& occupant : occupants)
            if (occupant->devfn() == function.guest.devfn())
                occupant->function()->follow({plan, &function});
    auto next = of(std::move(plan), std::move(occupants));
    const MutexLock lock{mutex_};
    content_ = std::move(next);
    if (!is_empty()) root_.follow(content_->plan);
}

void Slot::arrive() {
    const MutexLock lock{mutex_};
    root_.follow(content_->plan);
    root_.arrive();
}

void Slot::depart(std::shared_ptr<const PortPlan> plan) {
    const MutexLock lock{mutex_};
    content_ = of(std::move(plan), content_->occupants);
    if (is_empty()) return;
    root_.follow(content_->plan);
    root_.depart();
}

std::vector<std::shared_ptr<Occupant>> Slot::take() {
    const MutexLock lock{mutex_};
    return std::exchange(content_, of(content_->plan))->occupants;
}

void Slot::ask_to_leave() {
    const MutexLock lock{mutex_};
    root_.ask_to_leave();
}

void Slot::stop_asking() {
    const MutexLock lock{mutex_};
    root_.stop_asking();
}

assigned::ErrorReport Slot::show_error(const Occupant& occupant) {
    auto report = occupant.function()->show_error();
    const MutexLock lock{mutex_};
    if (!report) return {.fatal = true, .told = root_.detect_error()};
    const auto requester =
        static_cast<std::uint16_t>(root_.secondary_bus() << 8 | occupant.devfn());
    report->told = report->told && root_.receive({.requester = requester, .fatal = report->fatal});
    return *report;
}

}  // namespace tenon::vmm::slots
