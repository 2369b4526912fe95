// Brings functions into a machine, at its start and while it runs, and gives them back.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/listener.hpp"
#include "base/mutex.hpp"
#include "base/timeline.hpp"
#include "base/undo.hpp"
#include "device/control.hpp"
#include "device/opened.hpp"
#include "model/machine/arrival.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/assigned/dma_mapping.hpp"
#include "vmm/assigned/function.hpp"
#include "vmm/board/guest_memory.hpp"
#include "vmm/iommu/remapper.hpp"
#include "vmm/kvm/vfio_files.hpp"
#include "vmm/slots/chassis.hpp"
#include "vmm/slots/resets.hpp"

namespace tenon::vmm::slots {

/// What happens to a function on its host.
enum class DeviceNotice {
    WantedBack,  ///< The host wants it back.
    Error,       ///< The host was told of an error of it.
    Gone,        ///< It answers no more.
};

/// Seats the functions of one machine in its chassis. Destruction gives all of them back:
/// interrupts off, out of the guest, memory no longer reachable by DMA, reset, closed. One caller
/// at a time, but for withdraw().
class Assignment {
public:
    /// What it works on; all must outlive it. `files` is null where there is no KVM to tell.
    struct Outside {
        assigned::AssignedFunction::Board board;
        const board::GuestMemory& memory;
        Chassis& chassis;
        Resets& resets;
        kvm::VfioFiles* files;
        iommu::Remapper* remapper = nullptr;  ///< The guest's IOMMU; null: it has none.
        Timeline* timeline = nullptr;  ///< Where the moments of the start are noted; may be null.
        /// Who is told, from another thread, that memory cannot be mapped. With it, memory waits
        /// for begin_to_map_memory(); without, it is mapped before create() returns.
        std::function<void(const Error&)> memory_failed = {};
    };

    /// Takes every function of `plan` out of `opened`, where it opens those that are not there yet;
    /// maps all guest memory for their DMA, or begins to, tells KVM, and seats them; connects to
    /// the processes that are functions. Plan and `opened` must outlive the assignment. Errors: of
    /// the step that failed, naming the function; the host is then as before.
    static Result<std::unique_ptr<Assignment>> create(const model::machine::MachinePlan& plan,
                                                      device::OpenedFunctions& opened,
                                                      const Outside& outside);
    Assignment(const Assignment&) = delete;
    Assignment& operator=(const Assignment&) = delete;
    ~Assignment();

    /// Brings a function in while the guest runs. It waits in its slot, which is empty, unseen;
    /// with function 0 all of the slot arrive. Errors: of the step that failed, naming the
    /// function; machine and host are then as before.
    Result<void> insert(const model::machine::Arrival& arrival);

    /// Takes everything out of the slot of port `port`, what waits there too, and gives it back.
    /// What is to be known of those who stay, because of it.
    std::vector<model::machine::FunctionWarnings> take_out(std::size_t port);

    /// Closes what functions were opened with that are here no more.
    void close_unused();

    /// Who is told, from any thread, what happens to the function `id`: it is to note that and
    /// return. From any thread.
    using NoticeListener = std::function<void(const std::string& id, DeviceNotice notice)>;
    void on_notice(NoticeListener listener) { notice_.set(std::move(listener)); }

    /// Maps the guest's memory for DMA beside what comes next: its start. Once, if at all.
    void begin_to_map_memory();

    /// Returns when what memory is being mapped is mapped, or will not be.
    void wait_for_memory() TENON_EXCLUDES(mapped_mutex_);

    /// Nobody waits for memory any more, which is not mapped further: the guest ends. From any
    /// thread.
    void stop_waiting() TENON_EXCLUDES(mapped_mutex_);

    /// A device does not answer under a mapping at `where`: the mappings of that function go, and
    /// accesses trap until the guest places its BARs anew. Where KVM does not tell the address, of
    /// those that are gone, or of all if none is. Whether there were any; if not, the fault was not
    /// a device's, or another vCPU has dealt with it.
    bool withdraw(std::optional<GuestAddress> where);

private:
    /// A function's device, and where its driver rings without an access that traps.
    struct Opened {
        std::unique_ptr<device::DeviceControl> device;
        std::vector<assigned::Doorbell> doorbells;
    };
    using OpenedById = std::map<std::string, Opened>;

    Assignment(device::OpenedFunctions& opened, const Outside& outside)
        : outside_{outside}, opened_{opened} {}
    Result<OpenedById> open_all(const model::machine::MachinePlan& plan);
    Result<Opened> open(const model::slot::FunctionPlan& function);
    Result<Opened> connect(const model::slot::FunctionPlan& function) const;
    Result<std::shared_ptr<assigned::DmaMapping>> map_memory(const device::AccessKind& kind,
                                                             bool beside)
        TENON_EXCLUDES(mapped_mutex_);
    std::vector<std::shared_ptr<assigned::DmaProgress>> mappings() TENON_EXCLUDES(mapped_mutex_);
    void follow(std::span<const model::machine::PortChange> changes);
    void give_back(std::span<Slot* const> slots);
    Result<std::shared_ptr<Occupant>> bring_in(
        const Slot& slot, const std::shared_ptr<const model::slot::FunctionPlan>& planned,
        Opened opened);
    Result<void> give_dma(const Slot& slot, const model::slot::FunctionPlan& plan,
                          Occupant& occupant, const assigned::DmaMapping& memory, int file);
    Result<void> put_behind_iommu(const Slot& slot, const model::slot::FunctionPlan& plan,
                                  Occupant& occupant, const assigned::DmaMapping& memory);
    void renumber(std::size_t port);

    void settle();
    void note_peers();
    Result<void> watch(const model::slot::FunctionPlan& plan, Occupant& occupant);

    Outside outside_;
    device::OpenedFunctions& opened_;
    /// Those of the start that were not begun.
    std::vector<std::weak_ptr<assigned::DmaMapping>> to_map_;

    Listener<void(const std::string& id, DeviceNotice notice)> notice_;
    struct Mapped {
        std::weak_ptr<assigned::DmaMapping> mapping;
        std::shared_ptr<assigned::DmaProgress> progress;
    };
    Mutex mapped_mutex_;
    std::map<device::AddressSpace*, Mapped> mapped_ TENON_GUARDED_BY(mapped_mutex_);
    /// Nothing that takes long begins any more.
    bool ending_ TENON_GUARDED_BY(mapped_mutex_) = false;
};

}  // namespace tenon::vmm::slots
