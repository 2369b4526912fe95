// The board's IOAPIC where it is not KVM's: a guest whose interrupts are remapped needs one that
// takes remapped entries.
#pragma once

#include <cstdint>
#include <functional>

#include "base/listener.hpp"
#include "base/mutex.hpp"
#include "model/running/ioapic_state.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/kvm/irq_routes.hpp"

namespace tenon::vmm::kvm {

/// Pins of the board, and the registers by which the guest says where they lead. Thread-safe.
class Ioapic final : public board::BusDevice {
public:
    /// Bytes of its registers.
    static constexpr std::uint64_t page = 0x1000;

    /// Its messages are those of requester `source`. `routes` must outlive it.
    Ioapic(IrqRoutes& routes, model::iommu::SourceId source) : routes_{routes}, source_{source} {}

    /// Registers, by 4 bytes where they are aligned; an index by any size.
    std::uint64_t read(std::uint64_t offset, unsigned size) override TENON_EXCLUDES(mutex_);
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override
        TENON_EXCLUDES(mutex_);

    /// Sets the level of a pin, for who holds it himself. A pin that is not there stays so.
    /// Errors: as IrqRoutes::send().
    Result<void> set_pin(Gsi pin, bool up) TENON_EXCLUDES(mutex_);

    /// The pin is up until the guest ends its interrupt, or until it is let go.
    /// Errors: as IrqRoutes::send().
    Result<void> raise_until_end(Gsi pin) TENON_EXCLUDES(mutex_);
    void let_go(Gsi pin) TENON_EXCLUDES(mutex_);

    /// A processor has ended an interrupt of this vector.
    void end(std::uint8_t vector) TENON_EXCLUDES(mutex_);

    /// Who is told that the guest has ended a level-triggered interrupt of a pin; without a lock.
    void on_end(std::function<void(Gsi)> listener) { ended_.set(std::move(listener)); }

    /// Who is told of what KVM refuses; without a lock.
    void on_refusal(std::function<void(const Result<void>&)> listener) {
        refused_.set(std::move(listener));
    }

    /// The machine was reset.
    void reset() TENON_EXCLUDES(mutex_);

private:
    using Step = std::function<model::running::IoapicActions(model::running::IoapicState&)>;
    Result<void> change(const Step& step) TENON_EXCLUDES(mutex_);
    Result<void> carry_out(const model::running::IoapicActions& actions) TENON_REQUIRES(mutex_);
    Result<void> follow(std::uint8_t pin) TENON_REQUIRES(mutex_);

    IrqRoutes& routes_;
    const model::iommu::SourceId source_;
    Listener<void(Gsi)> ended_;
    Listener<void(const Result<void>&)> refused_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::pins) TENON_ACQUIRED_BEFORE(board::order::last);
    model::running::IoapicState state_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::kvm
