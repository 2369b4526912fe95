// The numbers of KVM's memory slots: what the guest reaches without us.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// Hands slots out and takes them back. Thread-safe.
class MemorySlots {
public:
    /// `limit`: how many slots the machine may have. The machine must outlive this.
    MemorySlots(Vm& vm, std::uint32_t limit) : vm_{vm}, limit_{limit} {}

    /// Puts `memory` at `at` of the guest's address space, into a slot of its own.
    /// The memory stays the caller's until remove().
    /// Errors: Busy if no slot is free; errno of KVM (EEXIST: another slot is in the way).
    Result<std::uint32_t> add(GuestAddress at, std::span<std::byte> memory) TENON_EXCLUDES(mutex_);

    /// Takes a slot out of the guest and its number back. A slot that the kernel does not give up
    /// stays taken.
    Result<void> remove(std::uint32_t slot) TENON_EXCLUDES(mutex_);

private:
    Vm& vm_;
    const std::uint32_t limit_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);
    std::vector<bool> taken_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::kvm
