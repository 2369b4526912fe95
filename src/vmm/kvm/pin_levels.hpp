// Pins of the IOAPIC that we hold up ourselves, for functions whose INTx KVM does not deliver.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "base/result.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// A pin is up while one of those who share it holds it. Thread-safe.
class PinLevels {
public:
    /// The machine must outlive this.
    explicit PinLevels(Vm& vm) : vm_{vm} {}

    /// `who`, any address of its own, holds the pin up or lets it go.
    /// Errors: errno of KVM_IRQ_LINE.
    Result<void> set(Gsi pin, const void* who, bool up);

private:
    Vm& vm_;
    std::mutex mutex_;
    std::map<Gsi, std::set<const void*>> held_;
};

}  // namespace tenon::vmm::kvm
