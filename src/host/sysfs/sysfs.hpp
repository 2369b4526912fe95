// What a host's kernel shows of PCI functions in sysfs, read without opening a device: nothing here
// changes anything. The host is this one, or another whose sysfs somebody copied.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_tree.hpp"
#include "base/result.hpp"
#include "device/facts.hpp"
#include "host/paths.hpp"
#include "host/sysfs/function_files.hpp"
#include "pci/address.hpp"

namespace tenon::host::sysfs {

/// A copied sysfs.
struct SysfsCopy {
    std::shared_ptr<const FileTree> tree;
    std::string root;  ///< What was /sys on its host; empty if only a function's folder is there.
    std::map<pci::Address, std::string> folders;  ///< Of its functions.
};

/// Reads the PCI functions of one host. Holds nothing open; each call looks again.
class Sysfs {
public:
    explicit Sysfs(HostPaths paths = {});

    /// The functions of `copy`, a sysfs that was copied from another host: their facts have
    /// Origin::Capture, and what the copy lacks is unknown.
    explicit Sysfs(SysfsCopy copy);

    /// Whether `folder` really is in the sysfs of this host, wherever a path or a link leads to it.
    bool owns(std::string_view folder) const;

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

    /// The same of a function that is there, filled in where it goes: facts are large. The source
    /// stays.
    void fill_in(const pci::Address& address, device::DeviceFacts& facts) const;

    /// Every PCI function of the host, in order of address.
    /// Errors: NotFound if this host shows no PCI bus.
    Result<std::vector<pci::Address>> list_functions() const;

    /// The folder of a function: "/sys/bus/pci/devices/0000:65:00.0".
    std::string folder(const pci::Address& address) const;

    const HostPaths& paths() const { return paths_; }

    /// What all of it is read from; folder() and paths() are places in it.
    const FileTree& tree() const { return *tree_; }

private:
    Result<void> check_bus() const;
    bool is_copy() const { return !copied_.empty(); }
    Folder open_folder(const pci::Address& address) const;
    device::GroupMember read_member(const pci::Address& address) const;
    Known<std::vector<device::BridgeFacts>> read_path(const Folder& folder) const;
    Known<std::vector<device::GroupMember>> read_bus_neighbours(const Folder& folder) const;
    Known<device::PhysicalFunctionFacts> read_physical(const Folder& folder) const;
    Known<device::VfioNodes> read_nodes(const Folder& folder,
                                        const device::DeviceFacts& facts) const;
    Result<std::vector<pci::Address>> list_members(const Folder& folder,
                                                   std::string_view number) const;
    void read_group(const pci::Address& address, device::DeviceFacts& facts) const;

    HostPaths paths_;
    std::shared_ptr<const FileTree> tree_;
    std::map<pci::Address, std::string> copied_;  // Folders of a copy; empty: this host.
};

}  // namespace tenon::host::sysfs
