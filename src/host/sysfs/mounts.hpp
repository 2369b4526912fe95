// What is mounted on a host and where it swaps. Source: Documentation/filesystems/proc.rst of
// Linux.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::host::sysfs {

/// A line of /proc/self/mountinfo.
struct Mount {
    std::string number;  ///< "253:1", of the block device; "0:…" for file systems without one.
    std::string point;   ///< "/", with blanks as they are.
    std::string type;    ///< "ext4"
    std::string source;  ///< "/dev/vda1", or whatever the file system calls it.

    bool operator==(const Mount&) const = default;
};

/// Lines that are none are passed over.
std::vector<Mount> parse_mounts(std::string_view text);

/// The files that /proc/swaps names.
std::vector<std::string> parse_swaps(std::string_view text);

}  // namespace tenon::host::sysfs
