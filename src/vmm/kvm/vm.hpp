// What the parts of the board ask of a virtual machine in the kernel.
//
// A seam, so that memory slots, interrupt routes and assigned functions can be tested without KVM.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "base/strong.hpp"
#include "vmm/kvm/kvm_abi.hpp"

namespace tenon::vmm::kvm {

/// An interrupt's number in KVM's routing table: 0..4095.
using Gsi = Strong<struct GsiTag, std::uint32_t>;

/// One virtual machine. All calls may come from any thread.
class Vm {
public:
    Vm() = default;
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;
    virtual ~Vm() = default;

    /// The guest finds `memory` at `at` from now on. Replaces what slot `slot` held before.
    /// The memory stays the caller's and must outlive the slot.
    /// Errors: errno of KVM_SET_USER_MEMORY_REGION.
    virtual Result<void> set_memory(std::uint32_t slot, GuestAddress at,
                                    std::span<std::byte> memory) = 0;

    /// Takes slot `slot` out of the guest's memory; no vCPU uses it when this returns.
    virtual Result<void> remove_memory(std::uint32_t slot) = 0;

    /// Replaces the whole interrupt routing table.
    virtual Result<void> set_routes(std::span<const kvm_irq_routing_entry> routes) = 0;

    /// No event to tell the end of a level-triggered interrupt.
    static constexpr int no_resample = -1;

    /// Signals on `event` raise `gsi`. With `resample`, the interrupt is level triggered: it stays
    /// raised until the guest ends it, which signals `resample`. The events stay the caller's. What
    /// is pending in `event` raises the interrupt once, and is gone from the event.
    virtual Result<void> connect_irqfd(Gsi gsi, int event, int resample) = 0;

    /// Ends what connect_irqfd began; what is pending in `event` stays there.
    virtual Result<void> disconnect_irqfd(Gsi gsi, int event) = 0;

    /// A guest's write of `size` bytes at `at`, of whatever value, signals `event` and does nothing
    /// else. The event stays the caller's.
    virtual Result<void> connect_doorbell(GuestAddress at, unsigned size, int event) = 0;

    /// Ends what connect_doorbell began, with the same arguments.
    virtual Result<void> disconnect_doorbell(GuestAddress at, unsigned size, int event) = 0;

    /// Sets the level of an interrupt pin.
    virtual Result<void> set_irq_line(Gsi gsi, bool level) = 0;

    /// Delivers one message signalled interrupt.
    virtual Result<void> signal_msi(std::uint64_t address, std::uint32_t data) = 0;
};

}  // namespace tenon::vmm::kvm
