#include "vmm/kvm/split_vm.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tenon::vmm::kvm {
namespace {

constexpr const char* pins_of_guest = "pins of the guest's IOAPIC";

bool is_pin(Gsi gsi) { return gsi.value() < abi::ioapic_pins; }

// Whether the event was signalled; its count is zero afterwards.
bool take(int event) {
    std::uint64_t count = 0;
    return ::read(event, &count, sizeof count) == sizeof count;
}

void signal(int event) {
    const std::uint64_t one = 1;
    // An event that takes no more is signalled already.
    [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
}

}  // namespace

SplitVm::SplitVm(Vm& kvm, Ioapic& ioapic, board::EventLoop& events, board::Warnings& warnings)
    : kvm_{kvm}, ioapic_{ioapic}, events_{events}, warnings_{warnings} {
    ioapic_.on_end([this](Gsi pin) { ended(pin); });
    ioapic_.on_refusal(
        [this](const Result<void>& done) { warnings_.check(done, {"", "pins"}, pins_of_guest); });
}

SplitVm::~SplitVm() {
    ioapic_.on_end({});
    ioapic_.on_refusal({});
    {
        const MutexLock lock{mutex_};
        for (const auto& [id, one] : std::exchange(connections_, {}))
            events_.remove(one.token);
    }
    events_.settle();
}

Result<void> SplitVm::connect_irqfd(Gsi gsi, int event, int resample) {
    if (!is_pin(gsi)) return kvm_.connect_irqfd(gsi, event, resample);
    const MutexLock lock{mutex_};
    const auto id = ++last_;
    TENON_TRY(token, events_.add(event, [this, id] { arrived(id); }), pins_of_guest);
    connections_.emplace(
        id, Connection{.pin = gsi, .event = event, .resample = resample, .token = token});
    return {};
}

Result<void> SplitVm::disconnect_irqfd(Gsi gsi, int event) {
    if (!is_pin(gsi)) return kvm_.disconnect_irqfd(gsi, event);
    const MutexLock lock{mutex_};
    const auto found = std::ranges::find_if(connections_, [&](const auto& one) {
        return one.second.pin == gsi && one.second.event == event;
    });
    if (found == connections_.end()) return {};
    events_.remove(found->second.token);
    connections_.erase(found);
    const bool shared =
        std::ranges::any_of(connections_, [&](const auto& one) { return one.second.pin == gsi; });
    // Others of the pin may have raised it: they hear of its end.
    if (!shared) ioapic_.let_go(gsi);
    return {};
}

// On the event loop's behalf. The event may have been taken away since.
void SplitVm::arrived(std::uint64_t id) {
    Result<void> done;
    {
        const MutexLock lock{mutex_};
        const auto found = connections_.find(id);
        if (found == connections_.end() || !take(found->second.event)) return;
        done = ioapic_.raise_until_end(found->second.pin);
    }
    warnings_.check(done, {"", "pins"}, pins_of_guest);
}

// Each of who shares the pin looks at its device again.
void SplitVm::ended(Gsi pin) {
    const MutexLock lock{mutex_};
    for (const auto& [id, one] : connections_)
        if (one.pin == pin && one.resample != no_resample) signal(one.resample);
}

}  // namespace tenon::vmm::kvm
