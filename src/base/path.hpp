// Names of files on their way to the kernel.
#pragma once

#include <string>

#include "base/result.hpp"

namespace tenon {

/// The name as system calls take it, a view into `path`: they read up to the first zero byte, so a
/// name with one inside would be that of another file. Each name goes through here.
/// Errors: Malformed for a zero byte, quoting what stands before it.
Result<const char*> kernel_path(const std::string& path);

}  // namespace tenon
