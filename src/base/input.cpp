#include "base/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace tenon {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view kind_of(::mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return "a folder";
        case S_IFCHR:
            return "a character device";
        case S_IFBLK:
            return "a block device";
        case S_IFIFO:
            return "a pipe";
        case S_IFSOCK:
            return "a socket";
        default:
            return "no regular file";
    }
}

struct Opened {
    Fd fd;
    ::mode_t mode = 0;
};

// Without waiting for the other end of a pipe, and without becoming the owner of a terminal.
Result<Opened> open_to_look(const std::string& path) {
    TENON_TRY(fd, Fd::open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY), "");
    struct stat status{};
    if (::fstat(fd.number(), &status) < 0) return fail_system(errno, path);
    return Opened{.fd = std::move(fd), .mode = status.st_mode};
}

// Standard input stays as whoever shares it has it: a copy, read only when there is something.
Result<Opened> take_standard_input() {
    Fd fd{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)};
    struct stat status{};
    if (!fd || ::fstat(fd.number(), &status) < 0) return fail_system(errno, "standard input");
    return Opened{.fd = std::move(fd), .mode = status.st_mode};
}

// Waits until a read gives something: bytes, or the end.
Result<void> wait_for(const Fd& fd, Clock::time_point end, std::string_view name) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd file{.fd = fd.number(), .events = POLLIN, .revents = 0};
        const int ready = left <= 0 ? 0 : ::poll(&file, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready == 0)
            return fail(Error::Kind::Io, "{}: a pipe that does not come to its end in time", name);
        if (errno != EINTR) return fail_system(errno, name);
    }
}

// What an opened file gives; of a pipe until its writers are late.
class InputStream final : public Stream {
public:
    InputStream(Fd fd, std::string name, std::optional<Clock::time_point> end)
        : fd_{std::move(fd)}, name_{std::move(name)}, end_{end} {}

    Result<std::size_t> read(std::span<char> out) override {
        for (;;) {
            if (end_) TENON_TRY_DO(wait_for(fd_, *end_, name_), "");
            const auto got = ::read(fd_.number(), out.data(), out.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR && (!end_ || errno != EAGAIN)) return fail_system(errno, name_);
        }
    }

private:
    Fd fd_;
    std::string name_;
    std::optional<Clock::time_point> end_;  // Of patience; none: a file does not let one wait.
};

}  // namespace

Result<Fd> open_regular(const std::string& path) {
    TENON_TRY(opened, open_to_look(path), "");
    if (S_ISREG(opened.mode)) return std::move(opened.fd);
    return malformed("{}: it is {}, not a regular file", path, kind_of(opened.mode));
}

Result<Fd> open_regular_or_given(const std::string& name) {
    constexpr std::string_view given = "fd=";
    struct stat status{};
    if (!name.starts_with(given) || ::stat(name.c_str(), &status) == 0) return open_regular(name);
    const auto number = parse_number(std::string_view{name}.substr(given.size()));
    if (!number || *number > std::numeric_limits<int>::max())
        return malformed("{}: it is not the number of a file", name);
    Fd copy{::fcntl(static_cast<int>(*number), F_DUPFD_CLOEXEC, 3)};
    if (!copy || ::fstat(copy.number(), &status) < 0) return fail_system(errno, name);
    if (S_ISREG(status.st_mode)) return copy;
    return malformed("{}: it is {}, not a regular file", name, kind_of(status.st_mode));
}

std::string name_of_input(const std::string& path) {
    return path == standard_input ? "standard input" : path;
}

Result<std::unique_ptr<Stream>> open_input(const std::string& path,
                                           std::chrono::milliseconds patience) {
    const bool standard = path == standard_input;
    auto name = name_of_input(path);
    TENON_TRY(opened, standard ? take_standard_input() : open_to_look(path), "");
    // The other end of standard input may be a socket, as with a remote shell.
    const bool pipe = S_ISFIFO(opened.mode) || (standard && S_ISSOCK(opened.mode));
    if (!pipe && !S_ISREG(opened.mode))
        return malformed("{}: it is {}, neither a regular file nor a pipe", name,
                         kind_of(opened.mode));
    const auto end = pipe ? std::optional{Clock::now() + patience} : std::nullopt;
    return std::make_unique<InputStream>(std::move(opened.fd), std::move(name), end);
}

Result<std::string> read_input(const std::string& path, std::size_t limit,
                               std::chrono::milliseconds patience) {
    TENON_TRY(stream, open_input(path, patience), "");
    return read_all(*stream, limit, name_of_input(path));
}

}  // namespace tenon
