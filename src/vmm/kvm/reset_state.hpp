// The state after power-on of what KVM keeps: taken when it is made, given back when the machine is
// reset. What a reset has to reach is then not a list of ours, but all that KVM lets one see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "vmm/kvm/kvm_abi.hpp"

namespace tenon::vmm::kvm {

/// What KVM_RUN changes of a vCPU: registers, floating point, model specific registers, local APIC,
/// events. The time stamp counter goes on counting, in step with the other vCPUs'.
class VcpuState {
public:
    /// Reads the state of the vCPU behind `file`; `msrs` are those that this KVM has. `name` stands
    /// in errors.
    /// Errors: errno of the kernel, naming the request.
    static Result<VcpuState> read(int file, std::span<const std::uint32_t> msrs, std::string name);

    /// Makes the vCPU what it was. It must not run.
    /// Errors: as read().
    Result<void> restore(int file) const;

private:
    struct Piece {
        std::size_t index = 0;  ///< Of the table of requests.
        std::vector<std::byte> bytes;
    };
    void read_msrs(int file, std::span<const std::uint32_t> msrs);
    void restore_msrs(int file) const;

    std::string name_;
    std::vector<Piece> pieces_;
    std::vector<kvm_msr_entry> msrs_;
};

/// Both interrupt controllers of the PC and the IOAPIC.
class IrqchipState {
public:
    /// Reads them from the machine behind `file`.
    /// Errors: errno of KVM_GET_IRQCHIP.
    static Result<IrqchipState> read(int file);

    /// Makes them what they were; no vCPU runs.
    /// Errors: errno of KVM_SET_IRQCHIP.
    Result<void> restore(int file) const;

private:
    std::vector<kvm_irqchip> chips_;
};

}  // namespace tenon::vmm::kvm
