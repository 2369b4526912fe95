// Facts of the devices that were named, from this host or from files.
#pragma once

#include <functional>
#include <string_view>

#include "base/known.hpp"
#include "base/result.hpp"
#include "device/control.hpp"
#include "device/facts.hpp"
#include "host/sysfs/sysfs.hpp"

namespace tenon::library {

/// A host to ask. Tests put fakes here.
struct Host {
    host::Sysfs sysfs;
    /// Makes what opens functions for assignment.
    device::OpenerFactory make_opener;
    /// Bits of a guest physical address on it. Whoever runs guests asks KVM.
    std::function<Known<unsigned>()> physical_bits = [] { return Unknown{"KVM was not asked"}; };
};

/// This machine.
Host this_host();

/// Whether a function may be opened through VFIO to ask about it. Opening resets it.
enum class Opening { Allowed, Forbidden };

/// What is known of the device that `named` means: a PCI address, a path in sysfs, or a file.
///
/// Opens a function of this host if it is bound to vfio-pci, asks, gives it back, and takes back
/// the AtomicOp Requester Enable that asking sets. One that is in use or not permitted stays
/// unasked: `vfio` is then unknown with the reason.
/// Errors: those of Sysfs::read_facts() and capture::read_capture().
Result<device::DeviceFacts> gather_facts(const Host& host, std::string_view named,
                                         device::Interface interface, Opening opening);

}  // namespace tenon::library
