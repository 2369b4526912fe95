// Whole files, with a bound.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace tenon {

/// The content of `path`. Works for files of sysfs and procfs, whose size says nothing.
/// Errors: errno of open(2) or read(2); Malformed if it is longer than `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// The first line of a small file, without white space at its ends: a sysfs attribute.
Result<std::string> read_attribute(const std::string& path);

/// The last component of what the symbolic link `path` points to: a driver's or a group's name.
/// Errors: errno of readlink(2).
Result<std::string> link_name(const std::string& path);

}  // namespace tenon
