// BARs of one assigned function in the guest's address space: mapped where they may be, trapped
// else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mapping.hpp"
#include "base/mutex.hpp"
#include "base/strong.hpp"
#include "device/control.hpp"
#include "model/function/function_view.hpp"
#include "model/running/config_state.hpp"
#include "vmm/assigned/peer_memory.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/kvm/memory_slots.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::assigned {

/// Answers what the guest reaches of a BAR without a mapping. Called from vCPU threads.
class BarAccess {
public:
    BarAccess() = default;
    BarAccess(const BarAccess&) = delete;
    BarAccess& operator=(const BarAccess&) = delete;
    virtual ~BarAccess() = default;

    /// `size` bytes (1 to 8) at `offset` of BAR `index`.
    virtual std::uint64_t read_bar(unsigned index, std::uint64_t offset, unsigned size) = 0;
    virtual void write_bar(unsigned index, std::uint64_t offset, unsigned size,
                           std::uint64_t value) = 0;
};

/// A place in a BAR where a write is a signal and nothing else.
struct Doorbell {
    unsigned bar = 0;
    std::uint64_t offset = 0;  ///< In the BAR.
    unsigned size = 2;         ///< Bytes of a write.
    int event = -1;            ///< An eventfd; stays the device's, as long as its BARs are there.
};

/// Owns the mappings and memory slots of a function's BARs. One caller at a time; that others place
/// and remove theirs meanwhile may bring its own into effect or take them out.
class Bars {
public:
    /// What it works on; all must outlive it.
    struct Outside {
        kvm::MemorySlots& slots;
        board::Bus& memory;
        board::Bus& ports;
        board::Warnings& warnings;
        PeerMemory& peers;
        kvm::Vm& vm;
        std::vector<Doorbell> doorbells = {};  ///< That KVM answers itself, if it takes them.
    };

    /// Maps what the plan says into our address space; nothing is in the guest's yet.
    /// Errors: of DeviceControl::map, naming function and BAR.
    static Result<std::unique_ptr<Bars>> create(std::string name,
                                                const model::function::FunctionView& view,
                                                device::DeviceControl& device, Outside outside);
    Bars(const Bars&) = delete;
    Bars& operator=(const Bars&) = delete;
    ~Bars();

    /// Puts a BAR where the guest wants it. `access` answers for what is not mapped; it must live
    /// until the BAR was removed and no access to it is under way.
    /// Where something else is in effect the BAR waits, which is said once, and comes when that
    /// has gone.
    void place(const model::running::BarPlace& place, std::shared_ptr<BarAccess> access);

    /// Takes a BAR out of the guest; afterwards nothing of it is reached directly.
    void remove(const model::running::BarPlace& place);

    /// The device does not answer under a mapping at `where`; unknown: under any. Takes only the
    /// mappings out, of all its BARs, so that every access traps until the guest places them anew.
    /// Whether there was one at `where`.
    bool withdraw(std::optional<GuestAddress> where);

    /// The same for a time: mappings are out while it is on, and come back after.
    void set_trapped(bool on);

private:
    class OnBus;
    struct MappedArea {
        unsigned index = 0;
        std::uint64_t offset = 0;
        Mapping memory;
        std::optional<GuestAddress> at = std::nullopt;     ///< Where its BAR is in effect.
        std::optional<std::uint32_t> slot = std::nullopt;  ///< While the guest reaches it so.
        bool withdrawn = false;
    };
    struct Placed {
        model::running::BarPlace place;
        const board::BusDevice* on_bus = nullptr;  ///< The bus has it.
    };

    Bars(std::string name, const model::function::FunctionView& view,
         const device::DeviceControl& device, Outside outside)
        : name_{std::move(name)}, view_{view}, device_{device}, outside_{std::move(outside)} {}
    void appear(const model::running::BarPlace& place) TENON_EXCLUDES(mutex_);
    void disappear(const model::running::BarPlace& place) TENON_EXCLUDES(mutex_);
    void settle(MappedArea& area) TENON_REQUIRES(mutex_);
    void connect_doorbells(const model::running::BarPlace& place) TENON_REQUIRES(mutex_);
    void disconnect_doorbells(unsigned index) TENON_REQUIRES(mutex_);
    static PeerMemory::Part part_of(const MappedArea& area);
    const model::function::BarPlan* plan_of(unsigned index) const;
    board::Bus& bus_of(unsigned index) const;

    std::string name_;
    const model::function::FunctionView& view_;
    const device::DeviceControl& device_;  ///< Whose BARs they are.
    Outside outside_;
    std::vector<Placed> placed_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::placed)
        TENON_ACQUIRED_BEFORE(board::order::shared);  ///< The bus comes from others' threads.
    std::vector<MappedArea> areas_ TENON_GUARDED_BY(mutex_);
    bool trapped_ TENON_GUARDED_BY(mutex_) = false;
    struct Connected {
        Doorbell doorbell;
        GuestAddress at;
    };
    std::vector<Connected> connected_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm::assigned
