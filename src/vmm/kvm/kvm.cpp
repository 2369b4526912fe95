#include "vmm/kvm/kvm.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "vmm/kvm/cpuid.hpp"

namespace tenon::vmm::kvm {
namespace {

constexpr std::size_t max_cpuid_leaves = 256;

struct EnabledCapability {
    std::uint32_t capability;
    std::uint64_t argument;
    const char* what;
};

struct Needed {
    int capability;
    const char* what;
};
constexpr std::array needed{
    Needed{KVM_CAP_IRQCHIP, "interrupt controllers in the kernel (KVM_CAP_IRQCHIP)"},
    Needed{KVM_CAP_USER_MEMORY, "memory slots (KVM_CAP_USER_MEMORY)"},
    Needed{KVM_CAP_IRQ_ROUTING, "interrupt routing (KVM_CAP_IRQ_ROUTING)"},
    Needed{KVM_CAP_IRQFD, "interrupts by eventfd (KVM_CAP_IRQFD)"},
    Needed{KVM_CAP_SIGNAL_MSI, "message signalled interrupts (KVM_CAP_SIGNAL_MSI)"},
    Needed{KVM_CAP_IMMEDIATE_EXIT, "stopping a vCPU without a race (KVM_CAP_IMMEDIATE_EXIT)"},
};

constexpr const char* kvm_hint =
    "load the module kvm_intel or kvm_amd, switch virtualization on in the firmware, and let this "
    "user read and write /dev/kvm (group kvm)";

Result<std::vector<kvm_cpuid_entry2>> read_supported_cpuid(int kvm) {
    kvm_cpuid2 head{};
    head.nent = max_cpuid_leaves;
    std::vector<kvm_cpuid_entry2> leaves(max_cpuid_leaves);
    auto table = with_entries(head, std::span<const kvm_cpuid_entry2>{leaves});
    // SAFETY: the kernel writes at most `nent` entries behind the head.
    if (::ioctl(kvm, KVM_GET_SUPPORTED_CPUID, table.data()) < 0)
        return fail_system(errno, "/dev/kvm: KVM_GET_SUPPORTED_CPUID");
    std::memcpy(&head, table.data(), sizeof head);
    leaves.resize(std::min<std::size_t>(head.nent, max_cpuid_leaves));
    if (!leaves.empty())
        std::memcpy(leaves.data(), table.data() + sizeof head,
                    leaves.size() * sizeof(kvm_cpuid_entry2));
    return leaves;
}

Result<Fd> open_node() {
    auto fd = Fd::open("/dev/kvm", O_RDWR);
    if (!fd) fd.error().hint = kvm_hint;
    return fd;
}

Result<Fd> copy_of(int given) {
    Fd copy{::fcntl(given, F_DUPFD_CLOEXEC, 3)};
    if (!copy) return fail_system(errno, fmt::format("--kvm: fd={}", given));
    return copy;
}

}  // namespace

Result<void> require_long_mode(const std::vector<kvm_cpuid_entry2>& cpuid) {
    constexpr std::uint32_t long_mode = 1u << 29;
    const auto extended = std::ranges::find(cpuid, 0x8000'0001u, &kvm_cpuid_entry2::function);
    if (extended != cpuid.end() && (extended->edx & long_mode) != 0) return {};
    return std::unexpected(Error{
        .kind = Error::Kind::Unsupported,
        .what = "/dev/kvm: this KVM cannot run 64-bit guests (CPUID 0x80000001 EDX bit 29 is 0)",
        .hint = "use a host whose KVM is backed by hardware virtualization; in a virtual "
                "machine, enable nested virtualization on the machine below"});
}

Result<Kvm> Kvm::open(std::optional<int> given) {
    Kvm kvm;
    TENON_TRY(fd, given ? copy_of(*given) : open_node(), "");
    kvm.fd_ = std::move(fd);
    const int version = ::ioctl(kvm.number(), KVM_GET_API_VERSION, 0);
    if (version < 0) return fail_system(errno, "/dev/kvm: KVM_GET_API_VERSION", kvm_hint);
    if (version != KVM_API_VERSION)
        return fail(Error::Kind::Unsupported, "/dev/kvm: API version {}, {} is needed", version,
                    KVM_API_VERSION);
    for (const auto& need : needed) {
        if (::ioctl(kvm.number(), KVM_CHECK_EXTENSION, need.capability) <= 0)
            return std::unexpected(Error{.kind = Error::Kind::Unsupported,
                                         .what = fmt::format("/dev/kvm: no {}", need.what),
                                         .hint = "use Linux 6.1 or newer"});
    }
    const int slots = ::ioctl(kvm.number(), KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);
    kvm.memory_slots_ = slots > 0 ? static_cast<std::uint32_t>(slots) : 32;
    const int area = ::ioctl(kvm.number(), KVM_GET_VCPU_MMAP_SIZE, 0);
    if (area < static_cast<int>(sizeof(kvm_run)))
        return fail_system(area < 0 ? errno : EINVAL, "/dev/kvm: KVM_GET_VCPU_MMAP_SIZE");
    kvm.vcpu_area_ = static_cast<std::size_t>(area);
    TENON_TRY(cpuid, read_supported_cpuid(kvm.number()), "asking what guests may have");
    kvm.cpuid_ = std::move(cpuid);
    TENON_TRY_DO(require_long_mode(kvm.cpuid_), "probing KVM");
    return kvm;
}

unsigned Kvm::most_vcpus() const {
    const int most = ::ioctl(fd_.number(), KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
    // A kernel without the answer has at least these. Source: Documentation/virt/kvm/api.rst, 4.7.
    return most > 0 ? static_cast<unsigned>(most) : 4;
}

Result<std::vector<std::uint32_t>> Kvm::msr_indices() const {
    constexpr std::size_t most = 4096;
    kvm_msr_list head{};
    // Without room for any, the kernel only tells how many there are.
    if (::ioctl(fd_.number(), KVM_GET_MSR_INDEX_LIST, &head) < 0 && errno != E2BIG)
        return fail_system(errno, "/dev/kvm: KVM_GET_MSR_INDEX_LIST");
    head.nmsrs = static_cast<__u32>(std::min<std::size_t>(head.nmsrs, most));
    std::vector<std::uint32_t> indices(head.nmsrs);
    auto table = with_entries(head, std::span<const std::uint32_t>{indices});
    // SAFETY: the kernel writes at most `nmsrs` entries behind the head.
    if (::ioctl(fd_.number(), KVM_GET_MSR_INDEX_LIST, table.data()) < 0)
        return fail_system(errno, "/dev/kvm: KVM_GET_MSR_INDEX_LIST");
    if (!indices.empty())
        std::memcpy(indices.data(), table.data() + sizeof head, indices.size() * sizeof(__u32));
    return indices;
}

namespace {

// Source: Linux Documentation/virt/kvm/api.rst, KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API.
constexpr std::array split_irqchip{
    EnabledCapability{KVM_CAP_SPLIT_IRQCHIP, abi::ioapic_pins,
                      "local APICs without an IOAPIC (KVM_CAP_SPLIT_IRQCHIP)"},
    EnabledCapability{KVM_CAP_X2APIC_API,
                      KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK,
                      "destinations of 32 bits (KVM_CAP_X2APIC_API)"},
};

Result<void> make_irqchip(int vm, Irqchip irqchip) {
    if (irqchip == Irqchip::Kernel) {
        if (::ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0)
            return fail_system(errno, "virtual machine: KVM_CREATE_IRQCHIP");
        return {};
    }
    for (const auto& one : split_irqchip) {
        kvm_enable_cap request{};
        request.cap = one.capability;
        request.args[0] = one.argument;
        if (::ioctl(vm, KVM_ENABLE_CAP, &request) < 0)
            return fail_system(errno, fmt::format("virtual machine: {}", one.what),
                               "the guest's IOMMU remaps interrupts by it: --viommu "
                               "vtd,intremap=off needs none");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<KvmVm>> KvmVm::create(const Kvm& kvm, Irqchip irqchip) {
    const int number = ::ioctl(kvm.number(), KVM_CREATE_VM, 0);
    if (number < 0) return fail_system(errno, "/dev/kvm: KVM_CREATE_VM", kvm_hint);
    Fd fd{number};
    TENON_TRY_DO(make_irqchip(number, irqchip), "");
    return std::unique_ptr<KvmVm>{new KvmVm{std::move(fd)}};
}

Result<void> KvmVm::set_memory(std::uint32_t slot, GuestAddress at, std::span<std::byte> memory) {
    const kvm_userspace_memory_region region{
        .slot = slot,
        .flags = 0,
        .guest_phys_addr = at.value(),
        .memory_size = memory.size(),
        .userspace_addr = std::bit_cast<std::uint64_t>(memory.data())};
    // SAFETY: the caller keeps the memory until the slot is gone.
    if (::ioctl(fd_.number(), KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return fail_system(errno, fmt::format("memory slot {} at {:#x}, {:#x} bytes", slot,
                                              at.value(), memory.size()));
    return {};
}

Result<void> KvmVm::remove_memory(std::uint32_t slot) {
    const kvm_userspace_memory_region region{
        .slot = slot, .flags = 0, .guest_phys_addr = 0, .memory_size = 0, .userspace_addr = 0};
    if (::ioctl(fd_.number(), KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return fail_system(errno, fmt::format("removing memory slot {}", slot));
    return {};
}

Result<void> KvmVm::set_routes(std::span<const kvm_irq_routing_entry> routes) {
    kvm_irq_routing head{};
    head.nr = static_cast<__u32>(routes.size());
    const auto table = with_entries(head, routes);
    // SAFETY: the head counts the entries that stand behind it.
    if (::ioctl(fd_.number(), KVM_SET_GSI_ROUTING, table.data()) < 0)
        return fail_system(errno,
                           fmt::format("interrupt routing table of {} entries", routes.size()));
    return {};
}

Result<void> KvmVm::connect_irqfd(Gsi gsi, int event, int resample) {
    kvm_irqfd request{};
    request.fd = static_cast<__u32>(event);
    request.gsi = gsi.value();
    if (resample != no_resample) {
        request.flags = KVM_IRQFD_FLAG_RESAMPLE;
        request.resamplefd = static_cast<__u32>(resample);
    }
    if (::ioctl(fd_.number(), KVM_IRQFD, &request) < 0)
        return fail_system(errno, fmt::format("connecting an event to interrupt {}", gsi.value()));
    // KVM raises what it finds pending and leaves the count, which would raise it again the next
    // time; what comes later it takes itself. Source: Linux virt/kvm/eventfd.c, kvm_irqfd_assign()
    // and irqfd_wakeup().
    std::uint64_t raised = 0;
    [[maybe_unused]] const auto taken = ::read(event, &raised, sizeof raised);
    return {};
}

Result<void> KvmVm::disconnect_irqfd(Gsi gsi, int event) {
    kvm_irqfd request{};
    request.fd = static_cast<__u32>(event);
    request.gsi = gsi.value();
    request.flags = KVM_IRQFD_FLAG_DEASSIGN;
    if (::ioctl(fd_.number(), KVM_IRQFD, &request) < 0)
        return fail_system(errno, fmt::format("taking an event from interrupt {}", gsi.value()));
    return {};
}

namespace {

Result<void> change_doorbell(int machine, GuestAddress at, unsigned size, int event,
                             std::uint32_t flags) {
    kvm_ioeventfd request{};
    request.addr = at.value();
    request.len = size;
    request.fd = event;
    request.flags = flags;
    if (::ioctl(machine, KVM_IOEVENTFD, &request) < 0)
        return fail_system(errno, fmt::format("a doorbell at {:#x}", at.value()));
    return {};
}

}  // namespace

Result<void> KvmVm::connect_doorbell(GuestAddress at, unsigned size, int event) {
    return change_doorbell(fd_.number(), at, size, event, 0);
}

Result<void> KvmVm::disconnect_doorbell(GuestAddress at, unsigned size, int event) {
    return change_doorbell(fd_.number(), at, size, event, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

Result<void> KvmVm::set_irq_line(Gsi gsi, bool level) {
    kvm_irq_level request{};
    request.irq = gsi.value();
    request.level = level ? 1 : 0;
    if (::ioctl(fd_.number(), KVM_IRQ_LINE, &request) < 0)
        return fail_system(errno, fmt::format("setting interrupt line {}", gsi.value()));
    return {};
}

Result<void> KvmVm::signal_msi(std::uint64_t address, std::uint32_t data) {
    kvm_msi message{};
    message.address_lo = static_cast<__u32>(address);
    message.address_hi = static_cast<__u32>(address >> 32);
    message.data = data;
    // A positive answer counts deliveries, zero says that the guest blocked it: both are fine.
    if (::ioctl(fd_.number(), KVM_SIGNAL_MSI, &message) < 0)
        return fail_system(errno,
                           fmt::format("delivering the message {:#x} to {:#x}", data, address));
    return {};
}

Result<Fd> KvmVm::create_vcpu(unsigned id) const {
    const int number = ::ioctl(fd_.number(), KVM_CREATE_VCPU, static_cast<unsigned long>(id));
    if (number < 0) return fail_system(errno, fmt::format("creating vCPU {}", id));
    return Fd{number};
}

Result<Fd> KvmVm::create_device(std::uint32_t type) const {
    kvm_create_device request{};
    request.type = type;
    if (::ioctl(fd_.number(), KVM_CREATE_DEVICE, &request) < 0)
        return fail_system(errno, fmt::format("creating in-kernel device type {}", type));
    return Fd{static_cast<int>(request.fd)};
}

}  // namespace tenon::vmm::kvm
