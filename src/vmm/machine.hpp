// The board put together: memory, processors, interrupts, buses, console, tables, kernel.
//
//   create()  memory, KVM, empty buses     assigned functions come in here: memory to map for DMA,
//                                          slots, routes, buses
//   run()     tables, kernel, processors   until the guest ends itself or somebody ends it;
//                                          a reset starts the same machine again
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>  // std::once_flag
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/listener.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/timeline.hpp"
#include "model/machine/machine_plan.hpp"
#include "vmm/acpi/dmar.hpp"
#include "vmm/acpi/dsdt.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/board/ecam.hpp"
#include "vmm/board/guest_control.hpp"
#include "vmm/board/guest_memory.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/machine_event.hpp"
#include "vmm/board/output_queue.hpp"
#include "vmm/board/power.hpp"
#include "vmm/board/serial.hpp"
#include "vmm/iommu/table_reader.hpp"
#include "vmm/kvm/ioapic.hpp"
#include "vmm/kvm/irq_routes.hpp"
#include "vmm/kvm/kvm.hpp"
#include "vmm/kvm/memory_slots.hpp"
#include "vmm/kvm/reset_state.hpp"
#include "vmm/kvm/vcpu.hpp"
#include "vmm/loader/boot.hpp"

namespace tenon::vmm {

/// What a board is made from.
struct BoardConfig {
    model::machine::AddressMap addresses;
    std::uint64_t memory = 0;  ///< Bytes, a multiple of 2 MiB.
    board::MemoryBacking backing;
    unsigned vcpus = 1;           ///< 1..255
    unsigned apic_step = 1;       ///< model::machine::Processors::apic_step.
    std::optional<int> kvm = {};  ///< /dev/kvm as somebody else opened it; stays theirs.
    loader::BootRequest boot;
    std::vector<model::function::IntxRoute> intx;
    std::optional<acpi::RemappingTable> remapping;  ///< Of its IOMMU; none: it has none.
    bool firmware = false;         ///< What it boots is firmware, for which it has more parts.
    bool restarts = true;          ///< A reset by the guest starts it again, in place.
    Timeline* timeline = nullptr;  ///< Where moments of the start are noted; stays the caller's.
    int input = 0;                 ///< File of the console; stays the caller's.
    int output = 1;                ///< The same.
    /// How long pause() waits for processors, which leave the guest at once; what they asked the
    /// host for may take its time.
    std::chrono::milliseconds pause_patience{10'000};
};

/// One virtual machine. Owned and run by one thread; what GuestControl declares may come from
/// others.
class Machine final : public board::GuestControl {
public:
    /// Makes the machine with its memory; nothing runs yet.
    /// Errors: those of KVM, memory and slots, each naming its object.
    static Result<std::unique_ptr<Machine>> create(BoardConfig config);

    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    ~Machine() override;

    kvm::KvmVm& vm() { return *vm_; }
    /// The IOAPIC; null: it is KVM's.
    kvm::Ioapic* ioapic() { return ioapic_.get(); }
    const board::GuestMemory& memory() const { return memory_; }
    kvm::MemorySlots& slots() { return *slots_; }
    kvm::IrqRoutes& routes() { return *routes_; }
    board::Bus& memory_bus() { return memory_bus_; }
    board::Bus& port_bus() { return port_bus_; }

    /// Who is asked when the guest touches memory that the host does not have; see VcpuWorld. From
    /// any thread, and nobody is in the handler before when it returns; so is it with the next two.
    void on_memory_fault(std::function<bool(std::optional<GuestAddress>)> handler) {
        memory_fault_.set(std::move(handler));
    }

    void on_event(std::function<void(const board::MachineEvent&)> listener) override {
        event_.set(std::move(listener));
    }

    /// Who is called when it is to end for good: nobody needs to wait for what the guest waits for.
    /// At once, if it was to end already; maybe more than once.
    void on_ending(std::function<void()> listener) TENON_EXCLUDES(mutex_);

    /// Who is called, by the thread of run(), when the processors have begun to run, the first
    /// time. Before run().
    void on_started(std::function<void()> listener) { started_ = std::move(listener); }

    /// Ends the guest soon, and run() with this error. From any thread, before run() too.
    void fail_with(Error why);

    /// Opens and makes all that run() needs, processors with the kernel loaded; it is the last that
    /// opens files. Once, before run(), which else does it itself. `host` as there.
    /// Errors: a kernel that cannot be loaded, KVM that refuses.
    Result<void> prepare(board::PciHost& host);

    /// Boots the kernel and lets the guest run to its end. `host` answers configuration accesses
    /// and must outlive the machine. Once for each machine.
    ///
    /// A reset of the guest does not end it, unless the configuration says so: processors,
    /// interrupt controllers, serial port and the functions of `host` are as after power-on, and
    /// the kernel is loaded again. Memory stays where it is, for DMA too, with what is in it; the
    /// first MiB is cleared. Errors: a kernel that cannot be loaded, KVM that refuses, a guest that
    /// crashed.
    Result<board::MachineEnd> run(board::PciHost& host);

    void stop(board::MachineEnd why, board::EndCause cause) override;
    Result<void> pause() override TENON_EXCLUDES(mutex_);
    void resume() override TENON_EXCLUDES(mutex_);
    bool paused() const override TENON_EXCLUDES(mutex_);
    Result<void> press_power_button() override;

private:
    explicit Machine(BoardConfig config) : config_{std::move(config)} {}
    bool remaps_interrupts() const {
        return config_.remapping && config_.remapping->interrupt_remapping;
    }
    Result<void> make_interrupts();
    Result<void> set_pin(std::uint8_t pin, bool level);
    Result<void> attach_devices(board::PciHost& host);
    Result<void> attach_firmware_parts(board::PciHost& host);
    Result<void> make_vcpus();
    Result<void> load();
    std::pair<Result<board::MachineEnd>, board::EndCause> run_vcpus();
    Result<void> reset(board::PciHost& host);
    void run_vcpu(std::size_t index);
    kvm::Vcpu* may_run(std::size_t index) TENON_EXCLUDES(mutex_);
    bool restarting() const TENON_REQUIRES(mutex_);
    void end(Result<board::MachineEnd> why, board::EndCause cause) TENON_EXCLUDES(mutex_);
    std::optional<std::size_t> running() const TENON_REQUIRES(mutex_);
    std::vector<kvm::Vcpu*> vcpus() const TENON_EXCLUDES(mutex_);

    BoardConfig config_;
    std::optional<kvm::Kvm> kvm_;
    std::unique_ptr<kvm::KvmVm> vm_;
    board::GuestMemory memory_;
    std::optional<kvm::MemorySlots> slots_;
    std::optional<iommu::TableReader> tables_;  ///< Of a guest whose IOMMU remaps interrupts.
    std::optional<kvm::IrqRoutes> routes_;
    std::shared_ptr<kvm::Ioapic> ioapic_;
    board::Bus memory_bus_;
    board::Bus port_bus_;
    std::shared_ptr<board::SerialPort> serial_;
    std::unique_ptr<board::OutputQueue> output_;  ///< It calls serial_, which calls vm_.
    std::once_flag first_output_;
    std::optional<loader::BootSource> source_;
    std::vector<kvm_msr_entry> memory_types_;
    kvm::IrqchipState interrupt_controllers_;  ///< Of the kernel, as after a reset.
    Listener<bool(std::optional<GuestAddress>)> memory_fault_;
    Listener<void(const board::MachineEvent&)> event_;
    Listener<void()> ending_;
    std::function<void()> started_;  ///< Of the thread that owns the machine.

    mutable Mutex mutex_ TENON_ACQUIRED_BEFORE(board::order::board);
    Condition changed_;  ///< What follows did.
    std::optional<Result<board::MachineEnd>> end_ TENON_GUARDED_BY(mutex_);
    board::EndCause cause_ TENON_GUARDED_BY(mutex_) = board::EndCause::Guest;  ///< Of end_.
    bool paused_ TENON_GUARDED_BY(mutex_) = false;
    /// Made once; each is then its thread's.
    std::vector<std::unique_ptr<kvm::Vcpu>> vcpus_ TENON_GUARDED_BY(mutex_);
    /// Of vCPUs that are let run.
    std::vector<std::optional<pthread_t>> threads_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::vmm
