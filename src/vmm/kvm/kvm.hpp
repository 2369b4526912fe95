// KVM: the virtual machine in the kernel, and whether there can be one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/fd.hpp"
#include "base/known.hpp"
#include "base/result.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::kvm {

/// /dev/kvm, opened and found fit for a 64-bit Linux guest.
class Kvm {
public:
    /// Opens and probes; `given` is /dev/kvm as somebody else opened it, which stays theirs.
    /// Errors: errno of open(2); Unsupported with what is missing, which kernel or setting has it.
    static Result<Kvm> open(std::optional<int> given = {});

    /// CPUID leaves that this host can give a guest.
    const std::vector<kvm_cpuid_entry2>& supported_cpuid() const { return cpuid_; }

    /// Bytes of a vCPU's shared structure.
    std::size_t vcpu_area() const { return vcpu_area_; }

    /// Memory slots that a machine may have.
    std::uint32_t memory_slots() const { return memory_slots_; }

    /// The most processors of one machine.
    unsigned most_vcpus() const;

    /// Model specific registers that a vCPU has here.
    /// Errors: errno of KVM_GET_MSR_INDEX_LIST.
    Result<std::vector<std::uint32_t>> msr_indices() const;

    int number() const { return fd_.number(); }

private:
    Fd fd_;
    std::vector<kvm_cpuid_entry2> cpuid_;
    std::size_t vcpu_area_ = 0;
    std::uint32_t memory_slots_ = 0;
};

/// Whether the leaves say that 64-bit guests run here.
/// Errors: Unsupported, with what to do.
/// Source: AMD64 APM volume 3, E.4.2 (0x80000001 EDX bit 29).
Result<void> require_long_mode(const std::vector<kvm_cpuid_entry2>& cpuid);

/// Which interrupt controllers are in the kernel.
enum class Irqchip {
    Kernel,  ///< All of them: local APICs, IOAPIC, the PC's two controllers.
    Split,   ///< Local APICs alone. The IOAPIC is ours, and destinations have 32 bits.
};

/// A virtual machine with interrupt controllers in the kernel.
class KvmVm final : public Vm {
public:
    /// Errors: errno of KVM_CREATE_VM, KVM_CREATE_IRQCHIP and KVM_ENABLE_CAP.
    static Result<std::unique_ptr<KvmVm>> create(const Kvm& kvm, Irqchip irqchip);

    Result<void> set_memory(std::uint32_t slot, GuestAddress at,
                            std::span<std::byte> memory) override;
    Result<void> remove_memory(std::uint32_t slot) override;
    Result<void> set_routes(std::span<const kvm_irq_routing_entry> routes) override;
    Result<void> connect_irqfd(Gsi gsi, int event, int resample) override;
    Result<void> disconnect_irqfd(Gsi gsi, int event) override;
    Result<void> connect_doorbell(GuestAddress at, unsigned size, int event) override;
    Result<void> disconnect_doorbell(GuestAddress at, unsigned size, int event) override;
    Result<void> set_irq_line(Gsi gsi, bool level) override;
    Result<void> signal_msi(std::uint64_t address, std::uint32_t data) override;

    /// The file of a new vCPU with APIC id `id`.
    Result<Fd> create_vcpu(unsigned id) const;

    /// The file of a new in-kernel device of `type` (KVM_DEV_TYPE_…).
    Result<Fd> create_device(std::uint32_t type) const;

    int number() const { return fd_.number(); }

private:
    explicit KvmVm(Fd fd) : fd_{std::move(fd)} {}
    Fd fd_;
};

}  // namespace tenon::vmm::kvm
