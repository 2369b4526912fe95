#include "vmm/kvm/vcpu.hpp"

#include <fmt/ranges.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "vmm/kvm/cpuid.hpp"

namespace tenon::vmm::kvm {

int vcpu_signal() { return SIGRTMIN; }

void install_vcpu_signal() {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    // Without SA_RESTART: the point is that the system call ends.
    ::sigaction(vcpu_signal(), &action, nullptr);
}

Vcpu::Vcpu(unsigned index, Fd fd, Mapping area, VcpuWorld world)
    : index_{index}, fd_{std::move(fd)}, area_{std::move(area)}, world_{std::move(world)} {}

kvm_run& Vcpu::shared() const {
    // SAFETY: the kernel shares a kvm_run at the start of the area, whose size was checked.
    return *std::bit_cast<kvm_run*>(area_.data());
}

std::string Vcpu::name() const { return fmt::format("vCPU {}", index_); }

Result<std::unique_ptr<Vcpu>> Vcpu::create(const Kvm& kvm, const KvmVm& vm, unsigned index,
                                           const model::machine::Processors& processors,
                                           VcpuWorld world) {
    TENON_TRY(fd, vm.create_vcpu(processors.apic_id(index)), "creating processors");
    TENON_TRY(area,
              Mapping::map({.fd = fd.number(), .size = kvm.vcpu_area()}, "vCPU's shared area"),
              "creating processors");
    std::unique_ptr<Vcpu> vcpu{new Vcpu{index, std::move(fd), std::move(area), std::move(world)}};

    const auto leaves = guest_cpuid(kvm.supported_cpuid(), index, processors);
    kvm_cpuid2 head{};
    head.nent = static_cast<__u32>(leaves.size());
    const auto table = with_entries(head, std::span{leaves});
    // SAFETY: the head counts the entries that stand behind it.
    if (::ioctl(vcpu->fd_.number(), KVM_SET_CPUID2, table.data()) < 0)
        return fail_system(errno, fmt::format("{}: KVM_SET_CPUID2", vcpu->name()));
    return vcpu;
}

Result<void> Vcpu::set_msrs(const std::vector<kvm_msr_entry>& entries) {
    kvm_msrs head{};
    head.nmsrs = static_cast<__u32>(entries.size());
    const auto table = with_entries(head, std::span{entries});
    // SAFETY: the head counts the entries that stand behind it.
    const int done = ::ioctl(fd_.number(), KVM_SET_MSRS, table.data());
    if (done < 0) return fail_system(errno, fmt::format("{}: KVM_SET_MSRS", name()));
    // KVM stops at the first that it refuses.
    if (static_cast<std::size_t>(done) < entries.size())
        return fail(Error::Kind::Unsupported, "{}: KVM refuses MSR {:#x}", name(),
                    entries[static_cast<std::size_t>(done)].index);
    return {};
}

// Source: Intel SDM volume 3A, 11.12.1 (IA32_APIC_BASE, bit 10).
Result<void> Vcpu::enter_x2apic_mode() {
    constexpr std::uint64_t x2apic = 1 << 10;
    kvm_sregs system{};
    if (::ioctl(fd_.number(), KVM_GET_SREGS, &system) < 0)
        return fail_system(errno, fmt::format("{}: KVM_GET_SREGS", name()));
    system.apic_base |= x2apic;
    if (::ioctl(fd_.number(), KVM_SET_SREGS, &system) < 0)
        return fail_system(errno, fmt::format("{}: KVM_SET_SREGS with x2APIC mode", name()));
    return {};
}

Result<void> Vcpu::enter_at(const Entry& entry) {
    kvm_sregs system{};
    if (::ioctl(fd_.number(), KVM_GET_SREGS, &system) < 0)
        return fail_system(errno, fmt::format("{}: KVM_GET_SREGS", name()));
    system = entry_system_registers(system, entry.mode);
    if (::ioctl(fd_.number(), KVM_SET_SREGS, &system) < 0)
        return fail_system(errno, fmt::format("{}: KVM_SET_SREGS", name()));
    const kvm_regs registers = entry_registers(entry);
    if (::ioctl(fd_.number(), KVM_SET_REGS, &registers) < 0)
        return fail_system(errno, fmt::format("{}: KVM_SET_REGS", name()));
    return {};
}

Result<void> Vcpu::keep_reset_state(std::span<const std::uint32_t> msrs) {
    TENON_TRY(state, VcpuState::read(fd_.number(), msrs, name()), "");
    after_reset_ = std::move(state);
    return {};
}

Result<void> Vcpu::reset() {
    // The access that ended the last run is completed by the next one, which must not be the new
    // guest's. Source: Linux Documentation/virt/kvm/api.rst, KVM_EXIT_IO.
    std::atomic_ref{shared().immediate_exit}.store(1);
    [[maybe_unused]] const int interrupted = ::ioctl(fd_.number(), KVM_RUN, 0);
    if (after_reset_) TENON_TRY_DO(after_reset_->restore(fd_.number()), "");
    faults_ = 0;
    deliveries_ = 0;
    go_on();
    return {};
}

void Vcpu::go_on() {
    stop_ = false;
    std::atomic_ref{shared().immediate_exit}.store(0);
}

void Vcpu::tell_of_pause() const {
    // Refused for a guest without KVM's clock, which has nothing to be told.
    [[maybe_unused]] const int refused = ::ioctl(fd_.number(), KVM_KVMCLOCK_CTRL, 0);
}

void Vcpu::stop(std::optional<pthread_t> thread) {
    stop_ = true;
    // The kernel reads this when it enters the guest: a signal that comes before is not lost.
    std::atomic_ref{shared().immediate_exit}.store(1);
    if (thread) ::pthread_kill(*thread, vcpu_signal());
}

Result<void> Vcpu::run() {
    while (!stop_)
        TENON_TRY_DO(enter_once(), name());
    return {};
}

Result<void> Vcpu::enter_once() {
    shared().exit_reason = KVM_EXIT_UNKNOWN;
    if (::ioctl(fd_.number(), KVM_RUN, 0) < 0) return refused(errno);
    faults_ = 0;
    if (may_deliver_again()) return {};
    deliveries_ = 0;
    const auto begin = std::chrono::steady_clock::now();
    TENON_TRY_DO(handle_exit(), "");
    // What it asked for may take long: memory for a device's DMA, a reset of a bus.
    constexpr std::chrono::seconds unnoticed{1};
    if (std::chrono::steady_clock::now() - begin > unnoticed) tell_of_pause();
    return {};
}

Result<void> Vcpu::refused(int error) {
    if (error == EINTR || error == EAGAIN) return {};
    if (error == EFAULT || error == EHWPOISON) {
        std::optional<GuestAddress> where;
        if (shared().exit_reason == abi::exit_memory_fault) {
            const auto at = offsetof(kvm_run, hw) + offsetof(abi::MemoryFault, guest_address);
            where = GuestAddress{load<std::uint64_t>(area_.bytes(), at)};
        }
        if (world_.memory_fault && world_.memory_fault(where)) return {};
        // Another vCPU may have mended it just before us: ask again, but not for ever.
        constexpr unsigned most_faults = 100;
        if (++faults_ < most_faults) return {};
    }
    return fail_system(
        error, "KVM_RUN",
        error == EFAULT ? "the guest touched memory that the host does not have" : "");
}

// KVM cannot reach a device's register for the guest while an event is being delivered, and
// delivers it again the next time. Mostly it succeeds then: an emulated processor may have told KVM
// of an event long past. Source: Linux arch/x86/kvm/x86.c, kvm_prepare_event_vectoring_exit().
bool Vcpu::may_deliver_again() {
    constexpr unsigned most_deliveries = 100;
    const auto& run = shared();
    return run.exit_reason == KVM_EXIT_INTERNAL_ERROR &&
           run.internal.suberror == KVM_INTERNAL_ERROR_DELIVERY_EV &&
           ++deliveries_ < most_deliveries;
}

Result<void> Vcpu::handle_exit() {
    const auto& run = shared();
    switch (run.exit_reason) {
        case KVM_EXIT_IO:
            handle_port_access();
            return {};
        case KVM_EXIT_MMIO:
            handle_memory_access();
            return {};
        case KVM_EXIT_IOAPIC_EOI:
            if (world_.end_of_interrupt) world_.end_of_interrupt(run.eoi.vector);
            return {};
        case KVM_EXIT_HLT:
        case KVM_EXIT_INTR:
        case KVM_EXIT_IRQ_WINDOW_OPEN:
            return {};
        case KVM_EXIT_SHUTDOWN:
            return fail(Error::Kind::Io, "the guest stopped with a triple fault");
        case KVM_EXIT_FAIL_ENTRY:
            return std::unexpected(
                Error{.kind = Error::Kind::Unsupported,
                      .what = fmt::format("KVM cannot enter the guest: hardware reason {:#x}",
                                          run.fail_entry.hardware_entry_failure_reason),
                      .hint = "the host's kernel log may say more"});
        case KVM_EXIT_INTERNAL_ERROR:
            return internal_error();
        default:
            return fail(Error::Kind::Unsupported,
                        "KVM left the guest for reason {}, which is unknown", run.exit_reason);
    }
}

Result<void> Vcpu::internal_error() const {
    const auto& run = shared();
    kvm_regs registers{};
    const bool known = ::ioctl(fd_.number(), KVM_GET_REGS, &registers) == 0;
    return std::unexpected(Error{
        .kind = Error::Kind::Io,
        .what =
            fmt::format("KVM cannot go on: internal error {}{} (data {:#x})", run.internal.suberror,
                        known ? fmt::format(" at guest address {:#x}", registers.rip) : "",
                        fmt::join(std::span{run.internal.data}.first(std::min<std::size_t>(
                                      run.internal.ndata, std::size(run.internal.data))),
                                  " ")),
        .hint = run.internal.suberror == KVM_INTERNAL_ERROR_EMULATION
                    ? "KVM had to emulate an instruction that it does not know: it was used on "
                      "device memory, or this KVM is not backed by hardware"
                    : "the host's kernel log may say more"});
}

void Vcpu::handle_port_access() {
    const auto& io = shared().io;
    const std::uint64_t size = io.size;
    const bool bounded = size <= 4 && io.data_offset <= area_.size() &&
                         size * io.count <= area_.size() - io.data_offset;
    if (!bounded) return;  // The kernel never does that.
    const auto data =
        area_.bytes().subspan(io.data_offset, static_cast<std::size_t>(size * io.count));
    for (std::size_t at = 0; at < data.size(); at += size) {
        std::uint64_t value = 0;
        if (io.direction == KVM_EXIT_IO_OUT) {
            std::memcpy(&value, &data[at], size);
            world_.ports->write(io.port, io.size, value);
        } else {
            value = world_.ports->read(io.port, io.size);
            std::memcpy(&data[at], &value, size);
        }
    }
}

void Vcpu::handle_memory_access() {
    auto& access = shared().mmio;
    const unsigned size = access.len <= sizeof access.data ? access.len : sizeof access.data;
    std::uint64_t value = 0;
    if (access.is_write != 0) {
        std::memcpy(&value, access.data, size);
        world_.memory->write(access.phys_addr, size, value);
    } else {
        value = world_.memory->read(access.phys_addr, size);
        std::memcpy(access.data, &value, size);
    }
}

}  // namespace tenon::vmm::kvm
