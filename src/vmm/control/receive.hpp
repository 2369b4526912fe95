// What a client sends: bytes, and files that come with them.
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "base/fd.hpp"

namespace tenon::vmm::control {

/// What one read gave.
struct Received {
    ssize_t count = 0;        ///< Of bytes, or -1 with errno, as of recvmsg(2).
    std::vector<Fd> files;    ///< That came with the last of these bytes.
    bool files_lost = false;  ///< More files came than this process can have open.
};

/// Reads what is there from a non-blocking stream socket, up to the byte that files came with.
Received receive(const Fd& socket, std::span<char> bytes);

}  // namespace tenon::vmm::control
