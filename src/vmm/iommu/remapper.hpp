// The guest's IOMMU at run time: accesses to its registers in, what follows carried out on the
// host.
//
//     guest ──registers──▶ ┌──────────┐ ──attach, block──────▶ devices
//     guest ──tables─────▶ │ Remapper │ ──map, unmap─────────▶ domains of the host
//     slots ──add, remove▶ └──────────┘ ──messages, status───▶ guest
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "device/control.hpp"
#include "model/iommu/remapping_unit.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/board/guest_memory.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/iommu/table_reader.hpp"
#include "vmm/kvm/irq_routes.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::iommu {

/// One unit, and the devices behind it. Thread-safe: one access is carried out at a time, with all
/// that it asks of the host, before another is let at the unit; so the guest finds a status that it
/// waits for when the host has done what stands before it.
///
/// What the host refuses blocks the devices that it is about until the guest invalidates their
/// entries, and is said. A device that cannot be blocked ends the guest. The host moves no device
/// while it resets it: that is no refusal, the access goes on when the reset is over.
///
/// Devices of one group of the host move together: while the guest leads them to different places
/// all of them are blocked. Their PASIDs would be one as well: none is attached.
class Remapper final : public board::BusDevice {
public:
    /// What it works on; all must outlive it.
    struct Outside {
        const board::GuestMemory& memory;
        kvm::Vm& vm;
        kvm::IrqRoutes& routes;
        board::Warnings& warnings;
        /// Who ends the guest, called without a lock.
        std::function<void(const Error&)> failed;
        /// For how long a device may be busy, in a reset, before it counts as refused.
        std::chrono::milliseconds patience{5000};
        model::iommu::UnitLimits limits = {};
    };

    /// A device behind the unit, attached to its address space.
    struct Member {
        std::string name;  ///< For messages.
        std::shared_ptr<device::DeviceControl> device;
        device::AddressSpace* space = nullptr;  ///< With guest memory; must outlive the member.
        model::iommu::SourceId source = 0;      ///< As the guest has numbered it.
        /// Of the host, which isolates its functions only together; none: it is alone.
        std::optional<unsigned> group;
        /// Returns when guest memory is mapped in `space`. Errors: why it will not be.
        std::function<Result<void>()> wait_for_memory;
    };

    Remapper(const model::iommu::UnitShape& shape, const Outside& outside);
    Remapper(const Remapper&) = delete;
    Remapper& operator=(const Remapper&) = delete;
    ~Remapper() override = default;

    /// Registers, by 4 and 8 bytes where they are aligned; others read 0, and write nothing.
    std::uint64_t read(std::uint64_t offset, unsigned size) override TENON_EXCLUDES(turn_);
    /// The write that switches translation on waits for guest memory first, without a lock.
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override
        TENON_EXCLUDES(turn_);

    /// A device comes, and goes where the guest's tables say.
    /// Errors: Unsupported if it is in another address space than those that are here, or in one
    /// that has no domains.
    Result<model::iommu::DeviceId> add(Member member) TENON_EXCLUDES(turn_);
    /// The guest has given its bus another number, or the same.
    void renumber(model::iommu::DeviceId device, model::iommu::SourceId source)
        TENON_EXCLUDES(turn_);
    /// It goes: no domain is there for it any more, and nobody here uses it.
    void remove(model::iommu::DeviceId device) TENON_EXCLUDES(turn_);

    /// Messages were lost, since the guest's table leads them nowhere: it finds faults of them.
    /// From a thread that holds no lock.
    void record_lost() TENON_EXCLUDES(turn_);

    /// The machine was reset: all devices reach guest memory untranslated.
    void restart() TENON_EXCLUDES(turn_);

    /// Nobody is kept in a long access any more: the guest ends. From any thread, without a wait.
    void end() TENON_EXCLUDES(mutex_);

    /// Domains that there are now.
    std::size_t domains() const TENON_EXCLUDES(turn_);

private:
    struct Seat {
        Member member;
        model::iommu::Target wanted;             ///< Where the guest leads it.
        std::optional<model::iommu::Target> at;  ///< Where the host has it; none: not known.
        std::set<std::uint32_t> pasids = {};     ///< Of it that the host has somewhere.
    };

    bool memory_is_there(std::uint64_t offset, std::uint64_t value) TENON_EXCLUDES(turn_);
    bool go_on() TENON_EXCLUDES(turn_);
    void change(const std::function<model::iommu::Effects()>& step) TENON_EXCLUDES(turn_);
    void carry_out(const model::iommu::Effects& effects) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::MakeDomain& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::MakeNested& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::InvalidateNested& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::DropDomain& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::Unmap& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::Map& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::MoveDevice& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::SendMessage& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::FaultRecorded& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::WriteStatus& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::ResolveInterrupts& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::AttachPasid& what) TENON_REQUIRES(turn_);
    void apply(const model::iommu::effect::DetachPasid& what) TENON_REQUIRES(turn_);
    void keep(model::iommu::DomainId domain, Result<std::unique_ptr<device::Domain>> made)
        TENON_REQUIRES(turn_);
    device::Domain* find(model::iommu::DomainId domain) TENON_REQUIRES(turn_);
    void check(model::iommu::DomainId domain, const Result<void>& done) TENON_REQUIRES(turn_);
    std::vector<Seat*> together_with(const Seat& seat) TENON_REQUIRES(turn_);
    Result<void> settle(const std::vector<Seat*>& seats) TENON_REQUIRES(turn_);
    void go_on_without(const std::vector<Seat*>& seats) TENON_REQUIRES(turn_);
    Result<void> move(Seat& seat, const model::iommu::Target& to) TENON_REQUIRES(turn_);
    Result<void> move_pasid(const Seat& seat, std::uint32_t pasid, const model::iommu::Target& to)
        TENON_REQUIRES(turn_);
    Result<void> when_free(const std::function<Result<void>()>& move) TENON_REQUIRES(turn_);
    bool ending() TENON_EXCLUDES(mutex_);
    bool pause(std::chrono::steady_clock::time_point end) TENON_EXCLUDES(mutex_);
    void tell_failure() TENON_EXCLUDES(turn_);

    const Outside outside_;
    const TableReader tables_;

    /// Of who changes the unit, with all that follows on the host: whoever else is at the unit
    /// waits for that. Taken before any other lock.
    mutable Mutex turn_ TENON_ACQUIRED_AFTER(board::order::reset)
        TENON_ACQUIRED_BEFORE(board::order::function);
    model::iommu::RemappingUnit unit_ TENON_GUARDED_BY(turn_);
    std::map<model::iommu::DomainId, std::unique_ptr<device::Domain>> domains_
        TENON_GUARDED_BY(turn_);
    std::map<model::iommu::DeviceId, Seat> seats_ TENON_GUARDED_BY(turn_);
    std::uint64_t last_device_ TENON_GUARDED_BY(turn_) = 0;
    device::AddressSpace* space_ TENON_GUARDED_BY(turn_) = nullptr;  ///< Of all devices.
    std::optional<Error> failure_ TENON_GUARDED_BY(turn_);           ///< That ends the guest.
    /// Taken in a turn and without one, for a moment.
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);
    Condition ended_;
    bool ending_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::vmm::iommu
