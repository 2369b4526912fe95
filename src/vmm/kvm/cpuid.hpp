// What the guest's processors say of themselves.
#pragma once

#include <vector>

#include "model/machine/processors.hpp"
#include "vmm/kvm/kvm_abi.hpp"

namespace tenon::vmm::kvm {

/// The leaves of vCPU `index` of `processors`, made from those that KVM supports: a hypervisor is
/// present, the timer has a deadline mode, APIC ids and counts are those of the machine, one socket
/// with as many cores of one thread. Leaves of KVM's own (0x4000_0000) stay, for its clock. Source:
/// Intel SDM volume 2A, CPUID; AMD64 APM volume 3, appendix E.
std::vector<kvm_cpuid_entry2> guest_cpuid(std::vector<kvm_cpuid_entry2> supported, unsigned index,
                                          const model::machine::Processors& processors);

/// Bits of a guest physical address: 36 if the leaves do not say.
unsigned physical_address_bits(const std::vector<kvm_cpuid_entry2>& cpuid);

}  // namespace tenon::vmm::kvm
