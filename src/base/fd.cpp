#include "base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/path.hpp"

namespace tenon {

Fd::Fd(Fd&& other) noexcept : number_{std::exchange(other.number_, -1)} {}

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
    }
    return *this;
}

Result<Fd> Fd::open(const std::string& path, int flags) {
    TENON_TRY(name, kernel_path(path), "");
    const int number = ::open(name, flags | O_CLOEXEC, 0666);
    if (number < 0) return fail_system(errno, path);
    return Fd{number};
}

void Fd::close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace tenon
