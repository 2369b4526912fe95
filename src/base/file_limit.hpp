// How many files this process may have open.
#pragma once

#include <cstdint>

namespace tenon {

/// Raises the limit (RLIMIT_NOFILE) to what the process may give itself, as who uses no select(2)
/// should. Each vector of a device is a file of its own, and the usual limit is 1024. What the
/// limit is then.
std::uint64_t raise_file_limit();

}  // namespace tenon
