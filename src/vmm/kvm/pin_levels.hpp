// Pins of the IOAPIC that we hold up ourselves, for functions whose INTx KVM does not deliver.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// A pin is up while one of those who share it holds it. Thread-safe.
class PinLevels {
public:
    /// The machine must outlive this.
    explicit PinLevels(Vm& vm) : vm_{vm} {}

    /// `who`, any address of its own, holds the pin up or lets it go.
    /// Errors: errno of KVM_IRQ_LINE.
    Result<void> set(Gsi pin, const void* who, bool up) TENON_EXCLUDES(mutex_);

private:
    Vm& vm_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::said) TENON_ACQUIRED_BEFORE(board::order::pins);
    std::map<Gsi, std::set<const void*>> held_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::kvm
