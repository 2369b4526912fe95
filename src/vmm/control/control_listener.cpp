#include "vmm/control/control_listener.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "vmm/board/local_address.hpp"

namespace tenon::vmm::control {
namespace {

Fd make_socket() { return Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; }

// The socket at a path, not followed. None: something else, or nothing, is there.
std::optional<struct stat> socket_at(const std::string& path) {
    struct stat file{};
    if (::lstat(path.c_str(), &file) < 0 || !S_ISSOCK(file.st_mode)) return std::nullopt;
    return file;
}

bool are_same(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Root's number in this user namespace: whose the kernel's own files are.
uid_t root_as_seen() {
    struct stat file{};
    return ::stat("/sys", &file) < 0 ? 0 : file.st_uid;
}

// Locks the folder of a path, so that one of those who find the same left-over socket replaces it.
// None if that cannot be: others hold the lock, or we may not read the folder. A kernel that was
// built without file locks (FILE_LOCKING) puts nobody in order, and is no reason to keep what is
// left over.
Fd lock_folder(const std::string& path) {
    using Clock = std::chrono::steady_clock;
    auto folder = std::filesystem::path{path}.parent_path().string();
    if (folder.empty()) folder = ".";
    auto opened = Fd::open(folder, O_RDONLY | O_DIRECTORY);
    if (!opened) return {};
    const auto end = Clock::now() + std::chrono::seconds{1};
    while (::flock(opened->number(), LOCK_EX | LOCK_NB) < 0) {
        if (errno == ENOSYS) break;
        if (errno != EINTR && (errno != EWOULDBLOCK || Clock::now() > end)) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return std::move(*opened);
}

// Removes a socket that nobody serves any more. Under the lock, which whoever binds and listens
// here holds until both are done. False: what is there is something else.
bool remove_left_over(const std::string& path, const sockaddr_un& address) {
    const auto found = socket_at(path);
    if (!found) return false;
    const auto probe = make_socket();
    if (!probe || board::connect_to(probe, address) == 0 || errno != ECONNREFUSED) return false;
    const auto still = socket_at(path);
    return still && are_same(*found, *still) && ::unlink(path.c_str()) == 0;
}

}  // namespace

Result<ControlListener> ControlListener::bind(const std::string& path) {
    const auto what = fmt::format("control socket {}", path);
    TENON_TRY(address, board::local_address(path), what);
    auto socket = make_socket();
    if (!socket) return fail_system(errno, what);
    // Whoever may connect may end the guest. The mode of the socket's own file decides who gets to
    // it.
    ::fchmod(socket.number(), S_IRUSR | S_IWUSR);
    const auto lock = lock_folder(path);
    int error = board::bind_to(socket, address) < 0 ? errno : 0;
    if (error == EADDRINUSE && lock && remove_left_over(path, address))
        error = board::bind_to(socket, address) < 0 ? errno : 0;
    if (error == EADDRINUSE)
        return std::unexpected(Error{
            .kind = Error::Kind::Busy,
            .what = fmt::format("{}: there is something at this path already", what),
            .os_error = 0,
            .hint = lock ? ""
                         : "Its folder cannot be locked to see whether it is of use: remove it if "
                           "it is not"});
    if (error != 0) return fail_system(error, what);
    ControlListener listener{std::move(socket), path};
    if (const auto file = socket_at(path)) {
        listener.device_ = file->st_dev;
        listener.inode_ = file->st_ino;
    }
    listener.user_ = ::geteuid();
    listener.root_ = root_as_seen();
    if (::listen(listener.number(), most_waiting) < 0) return fail_system(errno, what);
    return listener;
}

bool ControlListener::lets_in(const Fd& client) const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(client.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return false;
    return peer.uid == user_ || peer.uid == root_;
}

// Nobody replaces it while it listens, which it does until it is removed.
ControlListener::~ControlListener() {
    if (!fd_) return;
    const auto file = socket_at(path_);
    if (file && file->st_dev == device_ && file->st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace tenon::vmm::control
