// Where the trees of the host's kernel are, so that tests can name others.
#pragma once

#include <string>

namespace tenon::host {

/// Roots of the trees, without a slash at the end.
struct HostPaths {
    std::string sysfs = "/sys";
    std::string dev = "/dev";
    std::string proc = "/proc";
    std::string share = "/usr/share";  ///< Where distributions install data such as pci.ids.
};

}  // namespace tenon::host
