#include "vmm/kvm/reset_state.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/core.h>

namespace tenon::vmm::kvm {
namespace {

struct Request {
    unsigned long get;
    unsigned long set;
    std::size_t size;
    bool optional;  ///< Some processors or kernels have no such state.
    const char* name;
};

// In the order in which they can be given back: control registers before what depends on them, the
// local APIC after the registers that place it, events last.
constexpr std::array requests{
    Request{KVM_GET_SREGS, KVM_SET_SREGS, sizeof(kvm_sregs), false, "system registers"},
    Request{KVM_GET_REGS, KVM_SET_REGS, sizeof(kvm_regs), false, "registers"},
    Request{KVM_GET_FPU, KVM_SET_FPU, sizeof(kvm_fpu), false, "floating point registers"},
    Request{KVM_GET_XSAVE, KVM_SET_XSAVE, sizeof(kvm_xsave), true, "extended registers"},
    Request{KVM_GET_XCRS, KVM_SET_XCRS, sizeof(kvm_xcrs), true, "extended control registers"},
    Request{0, 0, 0, false, "model specific registers"},
    Request{KVM_GET_LAPIC, KVM_SET_LAPIC, sizeof(kvm_lapic_state), false, "local APIC"},
    Request{KVM_GET_MP_STATE, KVM_SET_MP_STATE, sizeof(kvm_mp_state), false, "activity"},
    Request{KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, sizeof(kvm_debugregs), true, "debug registers"},
    Request{KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, sizeof(kvm_vcpu_events), false, "events"},
};
static_assert(sizeof(kvm_xsave) == 4096);
static_assert(sizeof(kvm_xcrs) == 392);
static_assert(sizeof(kvm_lapic_state) == 1024);
static_assert(sizeof(kvm_vcpu_events) == 64);
static_assert(sizeof(kvm_irqchip) == 520);

constexpr std::uint32_t time_stamp_counter = 0x10;

}  // namespace

Result<VcpuState> VcpuState::read(int file, std::span<const std::uint32_t> msrs, std::string name) {
    VcpuState state;
    state.name_ = std::move(name);
    for (std::size_t index = 0; index < requests.size(); ++index) {
        const auto& request = requests[index];
        Piece piece{.index = index, .bytes = std::vector<std::byte>(request.size)};
        // SAFETY: the kernel fills a structure of the size that the request's number tells.
        if (request.size != 0 && ::ioctl(file, request.get, piece.bytes.data()) < 0) {
            if (request.optional) continue;
            return fail_system(errno, fmt::format("{}: reading its {}", state.name_, request.name));
        }
        state.pieces_.push_back(std::move(piece));
    }
    state.read_msrs(file, msrs);
    return state;
}

// One that cannot be read holds up those behind it: it is left out. Nothing of it can be given
// back.
void VcpuState::read_msrs(int file, std::span<const std::uint32_t> msrs) {
    std::vector<kvm_msr_entry> entries(msrs.size());
    std::ranges::transform(msrs, entries.begin(), [](std::uint32_t index) {
        kvm_msr_entry entry{};
        entry.index = index;
        return entry;
    });
    for (std::span rest{entries}; !rest.empty();) {
        kvm_msrs head{};
        head.nmsrs = static_cast<__u32>(rest.size());
        auto table = with_entries(head, std::span<const kvm_msr_entry>{rest});
        // SAFETY: the head counts the entries that stand behind it.
        const int done = ::ioctl(file, KVM_GET_MSRS, table.data());
        const auto got = std::min(rest.size(), static_cast<std::size_t>(std::max(done, 0)));
        for (std::size_t index = 0; index < got; ++index) {
            kvm_msr_entry entry{};
            std::memcpy(&entry, &table[sizeof head + index * sizeof entry], sizeof entry);
            // KVM takes a zero for "in step with the others", and the counter goes on.
            // Source: Linux arch/x86/kvm/x86.c, kvm_synchronize_tsc().
            if (entry.index == time_stamp_counter) entry.data = 0;
            msrs_.push_back(entry);
        }
        rest = rest.subspan(std::min(rest.size(), got + 1));
    }
}

void VcpuState::restore_msrs(int file) const {
    for (std::span rest{msrs_}; !rest.empty();) {
        kvm_msrs head{};
        head.nmsrs = static_cast<__u32>(rest.size());
        const auto table = with_entries(head, rest);
        // SAFETY: the head counts the entries that stand behind it.
        const int done = ::ioctl(file, KVM_SET_MSRS, table.data());
        const auto set = std::min(rest.size(), static_cast<std::size_t>(std::max(done, 0)));
        // One that cannot be written has not been written by the guest either.
        rest = rest.subspan(std::min(rest.size(), set + 1));
    }
}

Result<void> VcpuState::restore(int file) const {
    for (const auto& piece : pieces_) {
        const auto& request = requests[piece.index];
        if (request.size == 0) {
            restore_msrs(file);
            continue;
        }
        // SAFETY: the bytes are what the matching request gave.
        if (::ioctl(file, request.set, piece.bytes.data()) < 0)
            return fail_system(errno, fmt::format("{}: resetting its {}", name_, request.name));
    }
    return {};
}

Result<IrqchipState> IrqchipState::read(int file) {
    IrqchipState state;
    for (const auto id : {KVM_IRQCHIP_PIC_MASTER, KVM_IRQCHIP_PIC_SLAVE, KVM_IRQCHIP_IOAPIC}) {
        kvm_irqchip chip{};
        chip.chip_id = static_cast<std::uint32_t>(id);
        if (::ioctl(file, KVM_GET_IRQCHIP, &chip) < 0)
            return fail_system(errno, "virtual machine: KVM_GET_IRQCHIP");
        state.chips_.push_back(chip);
    }
    return state;
}

Result<void> IrqchipState::restore(int file) const {
    for (const auto& chip : chips_)
        if (::ioctl(file, KVM_SET_IRQCHIP, &chip) < 0)
            return fail_system(errno, "virtual machine: KVM_SET_IRQCHIP");
    return {};
}

}  // namespace tenon::vmm::kvm
