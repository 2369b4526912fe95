// A virtual processor: its state, and the loop that lets it run.
#pragma once

#include <pthread.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/mapping.hpp"
#include "base/result.hpp"
#include "model/machine/processors.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/kvm/cpu_state.hpp"
#include "vmm/kvm/kvm.hpp"
#include "vmm/kvm/reset_state.hpp"

namespace tenon::vmm::kvm {

/// What a vCPU meets outside of itself. All of it outlives the vCPU.
struct VcpuWorld {
    const board::Bus* memory = nullptr;  ///< Guest physical addresses that no slot answers.
    const board::Bus* ports = nullptr;
    /// The guest touched memory that the host does not have: a BAR that vanished. The answer says
    /// whether it changed something; the vCPU tries again a few times anyhow. Called from vCPU
    /// threads.
    std::function<bool(std::optional<GuestAddress>)> memory_fault;
    /// The guest has ended an interrupt of this vector that somebody waits for. Called from vCPU
    /// threads; KVM tells of none where the IOAPIC is its own.
    std::function<void(std::uint8_t)> end_of_interrupt;
};

/// One vCPU. Made and set up by one thread, then run by one thread; only stop() may come from
/// others.
class Vcpu {
public:
    /// Makes vCPU `index` of `processors`, in its reset state.
    /// Errors: errno of the kernel, naming the vCPU and the step.
    static Result<std::unique_ptr<Vcpu>> create(const Kvm& kvm, const KvmVm& vm, unsigned index,
                                                const model::machine::Processors& processors,
                                                VcpuWorld world);

    /// Its local APIC is in x2APIC mode, where ids have 32 bits.
    /// Errors: errno of the kernel, naming the vCPU.
    Result<void> enter_x2apic_mode();

    /// Prepares the entry into the kernel; only for the boot vCPU.
    Result<void> enter_at(const Entry& entry);

    /// Sets model specific registers.
    /// Errors: Unsupported, naming the first that KVM refuses.
    Result<void> set_msrs(const std::vector<kvm_msr_entry>& entries);

    /// Notes the state of now as that after a reset.
    /// Errors: as VcpuState::read().
    Result<void> keep_reset_state(std::span<const std::uint32_t> msrs);

    /// Takes back a stop() and all that the guest has done. It must not run; after
    /// keep_reset_state() alone.
    /// Errors: as VcpuState::restore().
    Result<void> reset();

    /// Runs until stop().
    /// Errors: Io with what the guest did, or what KVM refused: a triple fault, an entry that
    /// failed.
    Result<void> run();

    /// Takes back a stop(); the guest goes on where it was. It must not run.
    void go_on();

    /// Tells the guest's clock, if it uses KVM's, that it did not run for a while, so that it does
    /// not take itself for stuck. It must not run.
    void tell_of_pause() const;

    /// Makes run() return soon, now or when it is called. `thread` is the one that runs, or none.
    void stop(std::optional<pthread_t> thread);

private:
    Vcpu(unsigned index, Fd fd, Mapping area, VcpuWorld world);
    kvm_run& shared() const;
    std::string name() const;
    Result<void> enter_once();
    Result<void> handle_exit();
    bool may_deliver_again();
    void handle_port_access();
    void handle_memory_access();
    Result<void> refused(int error);
    Result<void> internal_error() const;

    unsigned index_;
    Fd fd_;
    Mapping area_;
    VcpuWorld world_;
    std::optional<VcpuState> after_reset_;
    unsigned faults_ = 0;      ///< In a row, without the guest coming any further.
    unsigned deliveries_ = 0;  ///< Of events that failed, in a row.
    std::atomic<bool> stop_ = false;
};

/// The signal that takes a vCPU's thread out of the kernel; a handler for it that does nothing.
int vcpu_signal();
void install_vcpu_signal();

}  // namespace tenon::vmm::kvm
