// Facts of the devices that were named, from this host or from files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/known.hpp"
#include "base/result.hpp"
#include "device/control.hpp"
#include "device/facts.hpp"
#include "device/opened.hpp"
#include "host/sysfs/sysfs.hpp"

namespace tenon::library {

/// A host to ask. Tests put fakes here.
struct Host {
    host::sysfs::Sysfs sysfs;
    /// Makes what opens functions for assignment.
    device::OpenerFactory make_opener;
    /// The function behind a file that somebody else opened; host::find_function_of().
    std::function<Result<pci::Address>(int file)> find_function_of;
    /// Whether a file is /dev/iommu; host::check_is_iommufd().
    std::function<Result<void>(int file)> check_is_iommufd;
    /// Whether a file is /dev/kvm; host::check_is_kvm().
    std::function<Result<void>(int file)> check_is_kvm;
    /// What this process may lock and map.
    std::function<device::DmaLimits()> dma_limits;
    /// Bits of a guest physical address on it; `kvm` is /dev/kvm, where somebody else opened it.
    std::function<Known<unsigned>(std::optional<int> kvm)> physical_bits = [](std::optional<int>) {
        return Unknown{"KVM was not asked"};
    };
    /// As `make_opener`, of a machine whose guest has an IOMMU; none: as without.
    device::OpenerFactory make_opener_behind_iommu = {};
};

/// This machine.
Host this_host();

/// Whether a function may be opened through VFIO to ask about it. Opening resets it.
enum class Opening { Allowed, Forbidden };

/// Whether `named` means a function of this host, as an address or a folder of its own sysfs does;
/// else it is what somebody recorded: see recorded.hpp. Nothing is opened.
bool is_of_this_host(const Host& host, std::string_view named);

/// What is known of the device that `named` means, a PCI address, a path in sysfs, or what somebody
/// recorded, without opening it.
/// Errors: those of Sysfs::read_facts() and read_recorded().
Result<device::DeviceFacts> read_facts(const Host& host, std::string_view named);

/// Whether a function is of this host and bound to vfio-pci, so that it can be asked.
bool can_be_asked(const device::DeviceFacts& facts);

/// Says in `vfio` why a function of this host was not asked.
void note_unasked(device::DeviceFacts& facts, Opening opening);

/// A function to ask VFIO about, and how to open it.
struct Asking {
    device::DeviceFacts* facts;
    device::Access access;
};

/// Opens functions of this host and asks VFIO about each. They stay open in `opened`. One that is
/// in use or not permitted stays unasked: `vfio` is then unknown with the reason.
void ask(device::OpenedFunctions& opened, std::span<const Asking> functions);

/// read_facts(), then ask() if the function can be asked, and gives it back.
Result<device::DeviceFacts> gather_facts(const Host& host, std::string_view named,
                                         device::Interface interface, Opening opening);

}  // namespace tenon::library
