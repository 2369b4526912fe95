// A remapping unit of the guest: accesses to its registers in, effects on host and guest out. Pure.
//
//   registers ──▶ commands ──▶ invalidations ──▶ attachments ──▶ domains ──▶ effects
//                     ▲              │
//                 the queue          └──▶ interrupts to resolve, status to write, messages to send
//
// The host follows the guest's tables (caching mode): what a device reaches changes when software
// invalidates, never before. All that was invalidated before a wait is in effects that come before
// its status. Source: Intel VT-d specification 4.1.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/iommu/attachments.hpp"
#include "model/iommu/fault_log.hpp"
#include "model/iommu/invalidation_queue.hpp"

namespace tenon::model::iommu {

/// What a unit may cost.
struct UnitLimits {
    ShadowLimits shadow;
    /// Pages of tables that one access looks at before it stops, see RemappingUnit::busy().
    std::uint64_t work = 1u << 18;
};

/// An interrupt that was sent, and what else came of it.
struct SentInterrupt {
    std::optional<Message> message;  ///< None: it is lost.
    Effects effects;
};

/// The state machine. Not thread-safe; one caller at a time, who carries out the effects of a call
/// before the next. Can be neither copied nor moved.
class RemappingUnit {
public:
    /// Works on `memory`, which must outlive it.
    RemappingUnit(const UnitShape& shape, const TableMemory& memory, const UnitLimits& limits = {});
    RemappingUnit(const RemappingUnit&) = delete;
    RemappingUnit& operator=(const RemappingUnit&) = delete;

    /// The guest reads `size` bytes at `offset` of the registers' page. Other sizes than 4 and 8,
    /// and places that are no multiple of the size, read 0.
    std::uint64_t read(std::uint64_t offset, std::uint8_t size) const;

    /// The guest writes; nothing where it cannot read.
    Effects write(std::uint64_t offset, std::uint8_t size, std::uint64_t value);

    /// Whether the queue has more than one access may cost: go_on() is to be called, soon.
    bool busy() const { return busy_; }
    Effects go_on();

    /// A device comes behind the unit, attached nowhere so far; with translation on its entries say
    /// where it goes.
    Effects add(DeviceId device, SourceId source);
    /// The guest has given its bus another number.
    Effects renumber(DeviceId device, SourceId source);
    /// A device goes, after these effects. Nothing of it is left.
    Effects remove(DeviceId device);

    /// What DMA reaches without translation: memory, and memory of other devices.
    Effects set_regions(DmaRegions regions);

    /// The host refused an effect on a domain, or to attach a device or a PASID: it reaches nothing
    /// from now on, until software invalidates its entries. To be carried out at once.
    Effects refused(DomainId domain);
    Effects refused(DeviceId device);
    Effects refused(DeviceId device, std::uint32_t pasid);

    /// The machine was reset.
    Effects reset();

    /// What software has set of interrupts.
    const InterruptSwitches& interrupts() const { return interrupts_; }

    /// What an interrupt that is only set up would become. Nothing is recorded of a message that
    /// leads nowhere: nobody has sent it.
    InterruptOutcome resolve(SourceId source, const Message& message) const;

    /// The same of one that is sent: a fault is recorded.
    SentInterrupt send(SourceId source, const Message& message);

    /// Where the requests of a device go now; none: no such device.
    std::optional<Target> target(DeviceId device) const { return attachments_.target(device); }

private:
    void act(std::uint16_t offset, std::uint32_t value);
    void command(std::uint32_t value);
    void set_interrupts(std::uint32_t value);
    void invalidate_context();
    void invalidate_iotlb();
    void run_queue();
    void carry_out(const Descriptor& descriptor);
    void complete(const descriptor::Wait& wait);
    void settle();
    void resolve_all();
    Effects take_effects();

    std::uint32_t status() const { return registers_.read32(at::global_status); }
    void set_status(std::uint32_t bit, bool on);

    UnitShape shape_;
    UnitLimits limits_;
    const TableMemory& memory_;
    RegisterFile registers_;
    FaultLog faults_;
    InvalidationQueue queue_;
    Attachments attachments_;
    RootPointer root_;
    InterruptSwitches interrupts_;
    effect::ResolveInterrupts stale_interrupts_;
    bool busy_ = false;
    Effects effects_;
};

}  // namespace tenon::model::iommu
