#include "host/kernel.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/path.hpp"

namespace tenon::host {
namespace {

Outcome<int> outcome(int result) {
    if (result < 0) return std::unexpected(errno);
    return result;
}

Outcome<std::size_t> outcome(ssize_t result) {
    if (result < 0) return std::unexpected(errno);
    return static_cast<std::size_t>(result);
}

std::function<Outcome<int>(const std::string& path)>& opener_of_nodes() {
    static std::function<Outcome<int>(const std::string& path)> opener;
    return opener;
}

class LinuxKernel final : public Kernel {
public:
    Outcome<int> open(const std::string& path) override {
        const auto name = kernel_path(path);
        if (!name) return std::unexpected(EINVAL);
        if (opener_of_nodes()) return opener_of_nodes()(path);
        return outcome(::open(*name, O_RDWR | O_CLOEXEC));
    }

    void close(int file) override { ::close(file); }

    Outcome<int> duplicate(int file) override { return outcome(::fcntl(file, F_DUPFD_CLOEXEC, 3)); }

    Outcome<int> ioctl(int file, unsigned long request, std::span<std::byte> argument) override {
        // SAFETY: each structure tells the kernel its size, which is that of `argument`.
        return outcome(::ioctl(file, request, argument.data()));
    }

    Outcome<int> ioctl(int file, unsigned long request, unsigned long argument) override {
        return outcome(::ioctl(file, request, argument));
    }

    Outcome<std::size_t> read(int file, std::span<std::byte> out, std::uint64_t offset) override {
        return outcome(::pread(file, out.data(), out.size(), static_cast<off_t>(offset)));
    }

    Outcome<std::size_t> write(int file, std::span<const std::byte> in,
                               std::uint64_t offset) override {
        return outcome(::pwrite(file, in.data(), in.size(), static_cast<off_t>(offset)));
    }

    Result<Mapping> map(const Mapping::Request& request, std::string_view what) override {
        return Mapping::map(request, what);
    }

    Outcome<DeviceNumber> device_number(int file) override {
        struct ::stat status{};
        if (::fstat(file, &status) < 0) return std::unexpected(errno);
        if (!S_ISCHR(status.st_mode)) return std::unexpected(ENODEV);
        return DeviceNumber{.major = major(status.st_rdev), .minor = minor(status.st_rdev)};
    }

    std::uint64_t lock_limit() override {
        ::rlimit limit{};
        if (::getrlimit(RLIMIT_MEMLOCK, &limit) < 0) return ~0ull;
        return limit.rlim_cur == RLIM_INFINITY ? ~0ull : limit.rlim_cur;
    }

    bool lock_limit_applies() override {
        // The first user namespace has this number in every kernel. Source:
        // include/linux/proc_ns.h, PROC_USER_INIT_INO.
        const auto space = link_name("/proc/self/ns/user");
        if (space && *space != "user:[4026531837]") return true;
        ::__user_cap_header_struct head{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
        std::array<::__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
        // SAFETY: version 3 fills in two of these structures.
        if (::syscall(SYS_capget, &head, sets.data()) < 0) return true;
        return (sets[0].effective & 1u << CAP_IPC_LOCK) == 0;
    }
};

}  // namespace

Kernel& linux_kernel() {
    static LinuxKernel kernel;
    return kernel;
}

void open_nodes_by(std::function<Outcome<int>(const std::string& path)> opener) {
    opener_of_nodes() = std::move(opener);
}

KernelFile& KernelFile::operator=(KernelFile&& other) noexcept {
    if (this != &other) {
        close();
        kernel_ = other.kernel_;
        number_ = std::exchange(other.number_, -1);
    }
    return *this;
}

void KernelFile::close() {
    if (number_ >= 0) kernel_->close(std::exchange(number_, -1));
}

}  // namespace tenon::host
