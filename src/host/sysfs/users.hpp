// What a host uses its functions for: mounted disks, networks, displays. Read from sysfs and
// procfs, without opening a device.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_tree.hpp"
#include "device/facts.hpp"
#include "host/paths.hpp"
#include "pci/address.hpp"

namespace tenon::host::sysfs {

/// Uses of each function that has any.
using UsesByFunction = std::map<pci::Address, std::vector<device::Use>>;

/// All of a host at one moment. What cannot be read counts as a use that is unclear where it could
/// hide one; what the host has not, such as a network, is none.
class Users {
public:
    explicit Users(const HostPaths& paths);

    /// Those of a function, file systems first; at most most_uses.
    std::vector<device::Use> of(const pci::Address& address) const;

    /// Puts them into the facts of a function, and of the members of its group.
    void add_to(device::DeviceFacts& facts) const;

private:
    UsesByFunction uses_;
};

/// Uses of one function that are kept.
inline constexpr std::size_t most_uses = 16;

/// Parts of it: disks, network interfaces, displays. They add to `uses`.
void find_storage_uses(const FileTree& tree, const HostPaths& paths, UsesByFunction& uses);
void find_network_uses(const FileTree& tree, const HostPaths& paths, UsesByFunction& uses);
void find_display_uses(const FileTree& tree, const HostPaths& paths, UsesByFunction& uses);

/// The function that a folder of sysfs is below, the nearest one; `path` may be a link into it.
std::optional<pci::Address> function_above(const FileTree& tree, const std::string& path);

}  // namespace tenon::host::sysfs
