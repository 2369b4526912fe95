// KVM's interrupt routing table: which number leads to which pin or message.
//
// The kernel takes the table as a whole, so one owner keeps it and writes it once for many changes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// The table of one machine: the IOAPIC's pins at 0..23 for good, messages above. Thread-safe.
class IrqRoutes {
public:
    /// The machine must outlive this. Nothing is written before the first commit().
    explicit IrqRoutes(Vm& vm);

    /// A number for one message, without a route yet.
    /// Errors: Busy if all 4096 are taken.
    Result<Gsi> allocate() TENON_EXCLUDES(mutex_);

    /// Gives a number back; its route goes at the next commit().
    void release(Gsi gsi) TENON_EXCLUDES(mutex_);

    /// The message that `gsi` delivers from the next commit() on. `gsi` is one of allocate().
    void set(Gsi gsi, std::uint64_t address, std::uint32_t data) TENON_EXCLUDES(mutex_);

    /// Writes the table, if it changed.
    /// Errors: errno of KVM_SET_GSI_ROUTING; the table then counts as changed.
    Result<void> commit() TENON_EXCLUDES(mutex_);

private:
    struct Entry {
        bool taken = false;
        bool routed = false;
        std::uint64_t address = 0;
        std::uint32_t data = 0;
    };
    std::vector<kvm_irq_routing_entry> table() const TENON_REQUIRES(mutex_);

    Vm& vm_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);
    /// By number, from the first above the pins.
    std::vector<Entry> messages_ TENON_GUARDED_BY(mutex_);
    bool changed_ TENON_GUARDED_BY(mutex_) = true;
};

}  // namespace tenon::vmm::kvm
