// Landlock: which files this process may still open.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"

namespace tenon::vmm::seal {

/// What stays possible below a path.
struct FileRight {
    enum class Kind : std::uint8_t {
        Read,    ///< Read files and folders.
        Device,  ///< Open nodes to read and write, and use them.
        Remove,  ///< Remove files.
    };
    std::string path;
    Kind kind = Kind::Read;
};

/// What a kernel with this version of Landlock can deny, as bits of its interface, and how much
/// of the structure it takes. Pure.
struct Deniable {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scoped = 0;
    std::size_t size = 0;
};
Deniable deniable(int version);

/// Whether processes outside can be sent signals, which filters of system calls may deny still.
enum class SignalsOutside : std::uint8_t { Denied, Allowed };

/// The kernel's version of Landlock; 0: it has none.
int landlock_version();

/// Denies the calling thread, and those it starts, all that this kernel can deny, but for `rights`:
/// opening files, requests to devices that are opened from now on, TCP, abstract sockets of
/// processes outside and, but for `signals`, signals to them. A path that is not there gets no
/// right. What is open stays open. Needs no_new_privs. Errors: errno of landlock_restrict_self(2)
/// and its like.
Result<void> restrict_files(int version, std::span<const FileRight> rights,
                            SignalsOutside signals = SignalsOutside::Denied);

}  // namespace tenon::vmm::seal
