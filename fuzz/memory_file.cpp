#include "fuzz/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/fd.hpp"

namespace tenon::fuzz {

const std::string& memory_file(std::span<const std::byte> content) {
    // Made once: making it takes longer than to read it. SAFETY: the name is a literal.
    static const Fd file{::memfd_create("input", 0)};
    static const auto path = "/proc/self/fd/" + std::to_string(file.number());
    // SAFETY: `content` has as many bytes as are written.
    if (::ftruncate(file.number(), 0) != 0 ||
        ::pwrite(file.number(), content.data(), content.size(), 0) !=
            static_cast<ssize_t>(content.size()))
        std::abort();
    return path;
}

}  // namespace tenon::fuzz
