#include "vmm/kvm/pin_levels.hpp"

namespace tenon::vmm::kvm {

Result<void> PinLevels::set(Gsi pin, const void* who, bool up) {
    const MutexLock lock{mutex_};
    auto& holders = held_[pin];
    const bool was_up = !holders.empty();
    if (up)
        holders.insert(who);
    else
        holders.erase(who);
    if (holders.empty() != was_up) return {};
    return vm_.set_irq_line(pin, !was_up);
}

}  // namespace tenon::vmm::kvm
