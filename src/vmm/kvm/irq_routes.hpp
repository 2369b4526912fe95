// KVM's interrupt routing table: which number leads to which pin or message.
//
//   functions ──messages──▶ ┌───────────┐ ──routes──▶ KVM
//   ports, pins ──sent────▶ │ IrqRoutes │ ──sent────▶ KVM
//   the guest's IOMMU ─────▶└───────────┘
//
// The kernel takes the table as a whole, so one owner keeps it and writes it once for many changes.
// What a message leads to where the guest's IOMMU remaps interrupts is found here, so that nothing
// goes past it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/event_fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "model/iommu/effect.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// A message, and who sends it.
struct SentMessage {
    model::iommu::SourceId source = 0;
    model::iommu::Message message;

    bool operator==(const SentMessage&) const = default;
};

/// The table of one machine: the IOAPIC's pins at 0..23 for good, messages above. Thread-safe.
///
/// With the in-kernel IOAPIC a message is delivered as its sender says it. With an IOAPIC of ours
/// messages may be remapped: each leads where the guest's table says at the moment it was set, and
/// since its entry was invalidated last; one that leads nowhere has no route.
class IrqRoutes {
public:
    /// The machine must outlive this, and `tables`, what the guest's IOMMU reads its tables from;
    /// null: the IOAPIC is in the kernel. Nothing is written before the first commit().
    explicit IrqRoutes(Vm& vm, const model::iommu::TableMemory* tables = nullptr);

    /// A number for one message, without a route yet.
    /// Errors: Busy if all 4096 are taken.
    Result<Gsi> allocate() TENON_EXCLUDES(mutex_);

    /// Gives a number back; its route goes at the next commit().
    void release(Gsi gsi) TENON_EXCLUDES(mutex_);

    /// The message of `gsi` from the next commit() on. `gsi` is one of allocate().
    void set(Gsi gsi, const SentMessage& sent) TENON_EXCLUDES(mutex_);
    /// Its sender has another number from the next commit() on. Nothing if it has no message.
    void renumber(Gsi gsi, model::iommu::SourceId source) TENON_EXCLUDES(mutex_);

    /// The message whose end KVM is to tell of, of a pin below 24 of an IOAPIC of ours; none:
    /// nobody waits for it. From the next commit() on.
    void set_pin(Gsi pin, const std::optional<SentMessage>& sent) TENON_EXCLUDES(mutex_);

    /// Writes the table, if it changed.
    /// Errors: errno of KVM_SET_GSI_ROUTING; the table then counts as changed.
    Result<void> commit() TENON_EXCLUDES(mutex_);

    /// Delivers a message now. One that the guest's IOMMU refuses is lost, see take_lost().
    /// Errors: errno of KVM_SIGNAL_MSI.
    Result<void> send(const SentMessage& sent) TENON_EXCLUDES(mutex_);

    /// The guest's IOMMU goes by these switches now, and what `stale` names is resolved anew; the
    /// table is written once, if it changed.
    /// Errors: as commit().
    Result<void> remap(const model::iommu::InterruptSwitches& switches,
                       const model::iommu::effect::ResolveInterrupts& stale) TENON_EXCLUDES(mutex_);

    /// Is signalled when messages were lost. Errors: errno of eventfd(2).
    Result<int> lost_event() TENON_EXCLUDES(mutex_);
    /// Messages that were lost since the last call, the first few of them.
    std::vector<SentMessage> take_lost() TENON_EXCLUDES(mutex_);

private:
    struct Entry {
        bool taken = false;
        std::optional<SentMessage> sent;
        std::optional<model::iommu::Message> leads;  ///< None: no route.
    };
    model::iommu::InterruptOutcome resolve(const SentMessage& sent) const TENON_REQUIRES(mutex_);
    void lead(Entry& entry) TENON_REQUIRES(mutex_);
    Entry& at(Gsi gsi) TENON_REQUIRES(mutex_);
    Result<void> write() TENON_REQUIRES(mutex_);
    std::vector<kvm_irq_routing_entry> table() const TENON_REQUIRES(mutex_);

    Vm& vm_;
    const model::iommu::TableMemory* const tables_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);
    model::iommu::InterruptSwitches switches_ TENON_GUARDED_BY(mutex_);
    std::array<Entry, abi::ioapic_pins> pins_ TENON_GUARDED_BY(mutex_);
    /// By number, from the first above the pins.
    std::vector<Entry> messages_ TENON_GUARDED_BY(mutex_);
    bool changed_ TENON_GUARDED_BY(mutex_) = true;
    std::vector<SentMessage> lost_ TENON_GUARDED_BY(mutex_);
    std::optional<EventFd> lost_event_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::kvm
