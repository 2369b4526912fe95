#include "base/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.hpp"

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

Result<std::string> read_pipe(const Fd& fd, std::string_view name, std::size_t limit,
                              std::chrono::milliseconds patience) {
    const auto end = Clock::now() + patience;
    std::string content;
    std::string piece(65536, '\0');
    for (;;) {
        TENON_TRY_DO(wait_for(fd, end, name), "");
        const auto got = ::read(fd.number(), piece.data(), piece.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) return fail_system(errno, name);
        if (got == 0) return content;
        content.append(piece, 0, static_cast<std::size_t>(got));
        if (content.size() > limit) return malformed("{}: longer than {} bytes", name, limit);
    }
}

}  // namespace

Result<Fd> open_regular(const std::string& path) {
    TENON_TRY(opened, open_to_look(path), "");
    if (S_ISREG(opened.mode)) return std::move(opened.fd);
    return malformed("{}: it is {}, not a regular file", path, kind_of(opened.mode));
}

Result<std::string> read_input(const std::string& path, std::size_t limit,
                               std::chrono::milliseconds patience) {
    const bool standard = path == standard_input;
    const std::string name = standard ? "standard input" : path;
    TENON_TRY(opened, standard ? take_standard_input() : open_to_look(path), "");
    if (S_ISREG(opened.mode)) return read_to_end(opened.fd, limit, name);
    // The other end of standard input may be a socket, as with a remote shell.
    if (S_ISFIFO(opened.mode) || (standard && S_ISSOCK(opened.mode)))
        return read_pipe(opened.fd, name, limit, patience);
    return malformed("{}: it is {}, neither a regular file nor a pipe", name, kind_of(opened.mode));
}

}  // namespace tenon
