// The files of one function's folder in sysfs, each turned into a fact.
// Source: Documentation/ABI/testing/sysfs-bus-pci of Linux.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "base/result.hpp"
#include "device/facts.hpp"
#include "pci/config_image.hpp"

namespace tenon::host::sysfs {

/// Sizes and flags of BAR 0 to 5 and the ROM.
using Resources = std::array<device::ResourceFacts, device::bar_count + 1>;

/// A fact from a reading that may have failed; the reason says if privilege was missing.
template <typename T>
Known<T> known(Result<T> read) {
    if (read) return std::move(*read);
    const auto& error = read.error();
    const bool denied = error.kind == Error::Kind::Denied;
    return Unknown{denied ? "needs privilege: " + error.what : error.what};
}

/// The bytes of `config`: 64 without privilege, else all.
Result<pci::ConfigImage> read_config(const std::string& folder);

/// Vendor, device, subsystem, class and revision. The kernel fills them in for virtual functions.
Result<device::Identity> read_identity(const std::string& folder);

/// The text of a `resource` file: a line of start, end and flags for each.
/// Errors: Malformed, naming the line.
Result<Resources> parse_resources(std::string_view text);

/// Name of the driver that is bound; empty if none is.
Result<std::string> read_driver(const std::string& folder);

/// Whether the function belongs to an SR-IOV device as a virtual one.
Result<bool> read_virtual_function(const std::string& folder);

/// The physical function that a virtual one belongs to. Errors: NotFound for any other function.
Result<pci::Address> read_physical_function(const std::string& folder);

/// The NUMA node; -1 if the host does not say.
Result<int> read_numa_node(const std::string& folder);

/// Speed and width of the link, present and possible. Errors: NotFound if it has no link.
Result<device::LinkFacts> read_link(const std::string& folder);

/// The ways to reset it, the preferred one first; empty if there is none.
/// Errors: NotFound from kernels before 5.15, which do not list them.
Result<std::vector<std::string>> read_reset_methods(const std::string& folder);

/// Addresses of the bridges above the function, the nearest one first: the folders that its own is
/// in. Errors: errno of resolving the folder.
Result<std::vector<pci::Address>> list_bridges(const std::string& folder);

/// The other functions below the bridge that the function is behind, in address order, with those
/// behind further bridges.
/// Errors: NotFound on a root bus; errno.
Result<std::vector<pci::Address>> list_bus_neighbours(const std::string& folder);

/// Whether `path` is there. True if that cannot be told, so that using it says why.
bool exists(const std::string& path);

/// Names of what is in the folder `path`, in order; empty if there is no such folder.
std::vector<std::string> entries(const std::string& path);

}  // namespace tenon::host::sysfs
