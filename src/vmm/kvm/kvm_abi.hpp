// The kernel's KVM interface, made fit for C++: the one place that includes <linux/kvm.h>.
//
// Headers of Linux 6.1 declare flexible arrays as a structure with an empty member, which has size
// 1 in C++ and 0 in C. Every structure that ends in one would have the wrong size, and with it the
// number of its ioctl.
#pragma once

#include <linux/stddef.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#undef __DECLARE_FLEX_ARRAY
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is the kernel's.
#define __DECLARE_FLEX_ARRAY(TYPE, NAME) TYPE NAME[0]
#include <linux/kvm.h>
#pragma GCC diagnostic pop

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace tenon::vmm::kvm {

static_assert(sizeof(kvm_cpuid2) == 8);
static_assert(sizeof(kvm_cpuid_entry2) == 40);
static_assert(sizeof(kvm_irq_routing) == 8);
static_assert(sizeof(kvm_irq_routing_entry) == 48);
static_assert(sizeof(kvm_userspace_memory_region) == 32);
static_assert(sizeof(kvm_irqfd) == 32);
static_assert(sizeof(kvm_ioeventfd) == 64);
static_assert(sizeof(kvm_msi) == 32);
static_assert(sizeof(kvm_irq_level) == 8);
static_assert(sizeof(kvm_msrs) == 8);
static_assert(sizeof(kvm_msr_list) == 4);
static_assert(sizeof(kvm_msr_entry) == 16);
static_assert(sizeof(kvm_regs) == 144);
static_assert(sizeof(kvm_sregs) == 312);
static_assert(sizeof(kvm_create_device) == 12);
static_assert(sizeof(kvm_device_attr) == 24);

/// A kernel's structure with its flexible array behind it, as an ioctl takes it.
template <typename Head, typename Entry>
std::vector<std::byte> with_entries(const Head& head, std::span<const Entry> entries) {
    std::vector<std::byte> table(sizeof head + entries.size_bytes());
    std::memcpy(table.data(), &head, sizeof head);
    if (!entries.empty())
        std::memcpy(table.data() + sizeof head, entries.data(), entries.size_bytes());
    return table;
}

/// What the kernel's newer headers have beside. Source: include/uapi/linux/kvm.h of Linux 7.2.
namespace abi {
/// KVM_RUN failed with EFAULT or EHWPOISON and the address is told (Linux 6.8).
inline constexpr std::uint32_t exit_memory_fault = 39;
/// Attributes of the VFIO device: they take any VFIO file, a group's or a device's (Linux 6.6;
/// older kernels know the same numbers as GROUP_ADD and GROUP_DEL and take groups alone).
inline constexpr std::uint32_t vfio_file = 1;
inline constexpr std::uint64_t vfio_file_add = 1;
inline constexpr std::uint64_t vfio_file_del = 2;
/// What follows the exit reason for exit_memory_fault.
struct MemoryFault {
    std::uint64_t flags = 0;
    std::uint64_t guest_address = 0;
    std::uint64_t size = 0;
};
static_assert(sizeof(MemoryFault) == 24);
/// Entries that KVM keeps in its interrupt routing table, and numbers they may have.
/// Source: KVM_MAX_IRQ_ROUTES in include/linux/kvm_host.h.
inline constexpr std::uint32_t max_irq_routes = 4096;
/// Pins of the in-kernel IOAPIC. Source: KVM_IOAPIC_NUM_PINS, arch/x86/kvm/ioapic.h.
inline constexpr std::uint32_t ioapic_pins = 24;
}  // namespace abi

}  // namespace tenon::vmm::kvm
