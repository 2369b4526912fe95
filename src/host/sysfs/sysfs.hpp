// What the host's kernel shows of PCI functions in sysfs, read without opening a device: nothing
// here changes anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "device/facts.hpp"
#include "host/paths.hpp"
#include "pci/address.hpp"

namespace tenon::host::sysfs {

/// Reads the PCI functions of one host. Holds nothing open; each call looks again.
class Sysfs {
public:
    explicit Sysfs(HostPaths paths = {});

    /// The function that `named` means: an address as lspci prints it, or the path of a function's
    /// folder in sysfs.
    /// Errors: NotFound if the host has no such function, or no PCI bus; Malformed if it is
    /// neither.
    Result<pci::Address> find(std::string_view named) const;

    /// The functions of a slot, in order of address.
    /// Errors: NotFound if the host has none there.
    Result<std::vector<pci::Address>> find_slot(const pci::Address& slot) const;

    /// All that sysfs says of the function that `named` means. What cannot be read is unknown with
    /// the reason; `vfio` is unknown always.
    /// Errors: as find().
    Result<device::DeviceFacts> read_facts(std::string_view named) const;

    /// Every PCI function of the host, in order of address.
    /// Errors: NotFound if this host shows no PCI bus.
    Result<std::vector<pci::Address>> list_functions() const;

    /// The folder of a function: "/sys/bus/pci/devices/0000:65:00.0".
    std::string folder(const pci::Address& address) const;

    const HostPaths& paths() const { return paths_; }

private:
    Result<void> check_bus() const;

    HostPaths paths_;
};

}  // namespace tenon::host::sysfs
