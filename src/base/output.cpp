#include "base/output.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/fd.hpp"
#include "base/path.hpp"

namespace tenon {
namespace {

// The new file until it has its name; removed if that does not come.
class Beside {
public:
    /// In the folder of `path`, so that the name can change in one step.
    static Result<Beside> create(const std::string& path) {
        const auto folder = path.substr(0, path.rfind('/') + 1);
        for (;;) {
            std::uint64_t number = 0;
            if (::getrandom(&number, sizeof number, 0) != sizeof number)
                return fail_system(errno, path);
            auto name = fmt::format("{}.tenon-{:016x}", folder, number);
            auto fd = Fd::open(name, O_WRONLY | O_CREAT | O_EXCL);
            if (fd) return Beside{std::move(name), *std::move(fd)};
            if (fd.error().os_error != EEXIST) return fail_system(fd.error().os_error, path);
        }
    }
    Beside(Beside&& other) noexcept
        : name_{std::exchange(other.name_, {})}, fd_{std::move(other.fd_)} {}
    Beside& operator=(Beside&&) = delete;
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;
    ~Beside() {
        if (!name_.empty()) ::unlink(name_.c_str());
    }

    const Fd& fd() const { return fd_; }

    Result<void> take_name(const char* path) {
        // A name for content that is not on the disk yet could outlive a crash without it.
        if (::fsync(fd_.number()) < 0) return fail_system(errno, path);
        if (::rename(name_.c_str(), path) < 0) return fail_system(errno, path);
        name_.clear();
        return {};
    }

private:
    Beside(std::string name, Fd fd) : name_{std::move(name)}, fd_{std::move(fd)} {}

    std::string name_;
    Fd fd_;
};

// A pipe without a reader is an error instead of a wait.
Result<void> write_into(const std::string& path, std::string_view content) {
    TENON_TRY(fd, Fd::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY), "");
    ::fcntl(fd.number(), F_SETFL, 0);
    TENON_TRY_DO(write_all(fd.number(), content), path);
    return {};
}

Result<void> replace(const std::string& path, std::string_view content,
                     const std::optional<struct stat>& before) {
    TENON_TRY(name, kernel_path(path), "");
    TENON_TRY(beside, Beside::create(path), "");
    const int fd = beside.fd().number();
    if (before) {
        // As far as we may: a file of another user becomes ours.
        [[maybe_unused]] const int owned = ::fchown(fd, before->st_uid, before->st_gid);
        if (::fchmod(fd, before->st_mode & 0777) < 0) return fail_system(errno, path);
    }
    TENON_TRY_DO(write_all(fd, content), path);
    return beside.take_name(name);
}

bool is_written_to(::mode_t mode) { return !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode); }

}  // namespace

Result<void> write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EPIPE) return {};
        if (written < 0) return fail_system(errno, "writing the output");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> replace_file(const std::string& path, std::string_view content) {
    TENON_TRY(name, kernel_path(path), "");
    struct stat there{};
    if (::lstat(name, &there) < 0) {
        if (errno != ENOENT) return fail_system(errno, path);
        return replace(path, content, std::nullopt);
    }
    if (S_ISDIR(there.st_mode)) return fail_system(EISDIR, path);
    if (is_written_to(there.st_mode)) return write_into(path, content);
    if (S_ISLNK(there.st_mode)) {
        // As /dev/stdout is one to a terminal or a pipe.
        if (::stat(name, &there) == 0 && is_written_to(there.st_mode))
            return write_into(path, content);
        return malformed("{}: it is a symbolic link: name the file itself", path);
    }
    if (::access(name, W_OK) < 0) return fail_system(errno, path);
    return replace(path, content, there);
}

}  // namespace tenon
