// The files of one function's folder in sysfs, each turned into a fact.
// Source: Documentation/ABI/testing/sysfs-bus-pci of Linux.
#pragma once

#include <fmt/core.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.hpp"
#include "base/known.hpp"
#include "base/result.hpp"
#include "device/facts.hpp"
#include "pci/config_image.hpp"

namespace tenon::host::sysfs {

/// The folder of one function, in the tree of this host or in a copy of one.
struct Folder {
    const FileTree& tree;
    std::string path;
    /// What is not there does not exist. Copies may lack files: there it is not known.
    bool complete = true;

    std::string file(std::string_view name) const { return fmt::format("{}/{}", path, name); }
};

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

/// Why a copy tells nothing of what a link would: copies of files alone have none.
inline constexpr std::string_view no_link_in_copy =
    "the copy of sysfs has no link that tells; tar keeps links";

/// The bytes of `config`: 64 without privilege, else all. What an archive of it has after those
/// that the kernel gave does not count.
Result<pci::ConfigImage> read_config(const Folder& folder);

/// Vendor, device, subsystem, class and revision. The kernel fills them in for virtual functions.
Result<device::Identity> read_identity(const Folder& folder);

/// The text of a `resource` file: a line of start, end and flags for each.
/// Errors: Malformed, naming the line.
Result<Resources> parse_resources(std::string_view text);

/// Name of the driver that is bound; empty if none is. Errors: NotFound where a copy lacks it.
Result<std::string> read_driver(const Folder& folder);

/// Whether the function belongs to an SR-IOV device as a virtual one.
Result<bool> read_virtual_function(const Folder& folder);

/// The physical function that a virtual one belongs to. Errors: NotFound for any other function.
Result<pci::Address> read_physical_function(const Folder& folder);

/// The NUMA node; -1 if the host does not say.
Result<int> read_numa_node(const Folder& folder);

/// Speed and width of the link, present and possible. Errors: NotFound if it has no link.
Result<device::LinkFacts> read_link(const Folder& folder);

/// The ways to reset it, the preferred one first; empty if there is none.
/// Errors: NotFound from kernels before 5.15, which do not list them.
Result<std::vector<std::string>> read_reset_methods(const Folder& folder);

/// Addresses of the bridges above the function, the nearest one first: the folders that its own is
/// in. Errors: NotFound for a copy that is not in the folder of its bus; errno of resolving it.
Result<std::vector<pci::Address>> list_bridges(const Folder& folder);

/// The other functions below the bridge that the function is behind, in address order, with those
/// behind further bridges.
/// Errors: NotFound on a root bus, and as list_bridges(); errno.
Result<std::vector<pci::Address>> list_bus_neighbours(const Folder& folder);

}  // namespace tenon::host::sysfs
