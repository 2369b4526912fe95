#include "base/standard_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace tenon {

Result<void> fill_standard_files() {
    constexpr auto place = "/dev/null";
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
        if (::fcntl(file, F_GETFD) >= 0) continue;
        // The kernel gives the lowest number that is free, and those before are taken.
        const int opened = ::open(place, O_RDWR);  // NOLINT(android-cloexec-open): they are passed
        if (opened < 0) return fail_system(errno, place);
    }
    return {};
}

}  // namespace tenon
