// Machine, CPU, memory and firmware of a domain.
#pragma once

#include "managed/libvirt/xml.hpp"
#include "managed/said/configuration.hpp"

namespace tenon::managed::libvirt {

/// Reads them into `to`.
/// Source: libvirt 12.9, docs/formatdomain; run.
void read_board(const Element& domain, said::Configuration& to);

/// Bytes of an element with a number and a unit, as <memory unit='KiB'> is; KiB if none is said.
/// None: no number, no unit that is known, or above 64 bits.
std::optional<std::uint64_t> read_size(const Element& element);

/// Says how much memory libvirt lets QEMU lock, once memory and devices are known.
/// Source: libvirt 12.9, qemuDomainGetMemLockLimitBytes.
void read_lock_limit(const Element& domain, said::Configuration& to);

}  // namespace tenon::managed::libvirt
