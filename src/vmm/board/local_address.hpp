// The address of a socket in the file system.
#pragma once

#include <sys/un.h>

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tenon::vmm::board {

/// Errors: Malformed for a path without or with too many bytes, 1 to 107 are possible, or with a
/// zero byte.
/// Source: unix(7).
Result<sockaddr_un> local_address(const std::string& path);

/// connect(2) and bind(2): 0, or -1 with errno.
int connect_to(const Fd& socket, const sockaddr_un& address);
int bind_to(const Fd& socket, const sockaddr_un& address);

}  // namespace tenon::vmm::board
