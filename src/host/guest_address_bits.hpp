// How far guest physical addresses reach on this host.
#pragma once

#include <cstdint>
#include <optional>

#include "base/known.hpp"
#include "host/kernel.hpp"

namespace tenon::host {

/// Bits of a physical address that a guest may use on this host: 32 to 52.
///
/// Asks KVM, by `kvm` where somebody else opened it, or where that is not permitted, the processor.
/// Source: Linux, Documentation/virt/kvm/api.rst, KVM_GET_SUPPORTED_CPUID; AMD64 APM volume 3,
/// E.4.7 (0x80000008 EAX).
Known<unsigned> read_guest_address_bits(Kernel& kernel, std::optional<int> kvm = {});

/// The same as the leaf says: the smaller of bits 7:0 (physical) and, where given, 23:16 (guest).
unsigned guest_address_bits_of(std::uint32_t eax);

}  // namespace tenon::host
