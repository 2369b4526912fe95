// A virtual machine whose IOAPIC is ours: KVM does the rest.
//
//   event ──EventLoop──▶ the pin is up until the guest ends its interrupt ──▶ resample
#pragma once

#include <map>
#include <vector>

#include "base/mutex.hpp"
#include "vmm/board/event_loop.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/kvm/ioapic.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// Pins lead to the IOAPIC, everything else to KVM. KVM takes no level-triggered events without an
/// IOAPIC of its own, so those of pins are waited for here. Thread-safe.
class SplitVm final : public Vm {
public:
    /// All must outlive it. What the IOAPIC has to say goes to `warnings` from now on.
    SplitVm(Vm& kvm, Ioapic& ioapic, board::EventLoop& events, board::Warnings& warnings);
    /// No pin is connected any more.
    ~SplitVm() override;

    Result<void> set_memory(std::uint32_t slot, GuestAddress at,
                            std::span<std::byte> memory) override {
        return kvm_.set_memory(slot, at, memory);
    }
    Result<void> remove_memory(std::uint32_t slot) override { return kvm_.remove_memory(slot); }
    Result<void> set_routes(std::span<const kvm_irq_routing_entry> routes) override {
        return kvm_.set_routes(routes);
    }
    Result<void> connect_irqfd(Gsi gsi, int event, int resample) override TENON_EXCLUDES(mutex_);
    Result<void> disconnect_irqfd(Gsi gsi, int event) override TENON_EXCLUDES(mutex_);
    Result<void> connect_doorbell(GuestAddress at, unsigned size, int event) override {
        return kvm_.connect_doorbell(at, size, event);
    }
    Result<void> disconnect_doorbell(GuestAddress at, unsigned size, int event) override {
        return kvm_.disconnect_doorbell(at, size, event);
    }
    Result<void> set_irq_line(Gsi gsi, bool level) override { return ioapic_.set_pin(gsi, level); }
    Result<void> signal_msi(std::uint64_t address, std::uint32_t data) override {
        return kvm_.signal_msi(address, data);
    }

private:
    struct Connection {
        Gsi pin{0};
        int event = -1;
        int resample = no_resample;
        board::EventLoop::Token token = 0;
    };
    void arrived(std::uint64_t id) TENON_EXCLUDES(mutex_);
    void ended(Gsi pin) TENON_EXCLUDES(mutex_);

    Vm& kvm_;
    Ioapic& ioapic_;
    board::EventLoop& events_;
    board::Warnings& warnings_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::said) TENON_ACQUIRED_BEFORE(board::order::pins);
    std::uint64_t last_ TENON_GUARDED_BY(mutex_) = 0;
    std::map<std::uint64_t, Connection> connections_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::kvm
