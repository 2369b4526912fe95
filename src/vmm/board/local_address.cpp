#include "vmm/board/local_address.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/path.hpp"

namespace tenon::vmm::board {

Result<sockaddr_un> local_address(const std::string& path) {
    // A zero byte in front would be an address of no file, which any user may have.
    TENON_TRY_DO(kernel_path(path), "");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return malformed("a path has 1 to {} bytes", sizeof address.sun_path - 1);
    std::ranges::copy(path, std::begin(address.sun_path));
    return address;
}

// SAFETY of both: a sockaddr_un begins as every sockaddr does, and its size goes with it.
int connect_to(const Fd& socket, const sockaddr_un& address) {
    return ::connect(socket.number(), std::bit_cast<const sockaddr*>(&address), sizeof address);
}

int bind_to(const Fd& socket, const sockaddr_un& address) {
    return ::bind(socket.number(), std::bit_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace tenon::vmm::board
