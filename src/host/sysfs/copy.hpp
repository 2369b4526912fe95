// Sysfs of another host, as somebody copied it: a folder of an unpacked report, or members of its
// archive.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_tree.hpp"
#include "base/result.hpp"
#include "host/sysfs/sysfs.hpp"

namespace tenon::host::sysfs {

/// A folder of a copy, and the function of it that the folder is.
struct OpenedCopy {
    SysfsCopy copy;
    std::optional<pci::Address> function;  ///< None: the folder is a whole tree.
};

/// The copy in `folder`, which is the folder of a function in a tree or alone, what was /sys, or
/// what has that in it as `sys`. Nothing outside of the tree is read.
/// Errors: NotFound, saying what it may be, if no function is in it; errno.
Result<OpenedCopy> open_copy(const std::string& folder);

/// The functions below `root`, what was /sys, in `tree`; none: no function is in it.
std::optional<SysfsCopy> find_copy(std::shared_ptr<const FileTree> tree, const std::string& root);

/// Where in an archive /sys of a host would be, by the path of one of its members: "report/sys" of
/// "report/sys/bus/pci/devices/0000:00:01.0". None: the path is nothing of PCI in sysfs.
std::optional<std::string> root_of_member(std::string_view path);

/// Whether facts are read from a file of this path: one of root_of_member(), or of /proc beside it.
bool is_file_of_facts(std::string_view path);

}  // namespace tenon::host::sysfs
