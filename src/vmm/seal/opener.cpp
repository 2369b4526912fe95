#include "vmm/seal/opener.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "vmm/seal/seal.hpp"

namespace tenon::vmm::seal {
namespace {

// What the opener says of itself, first of all.
struct Ready {
    int error = 0;  // An errno; 0: it is sealed, and waits.
    pid_t process = 0;
};

// Where its socket is, the only file it has beside standard error.
constexpr int its_socket = 3;

// Nodes of devices have short ones.
constexpr std::size_t longest_path = 255;

// Room for one file that goes with a message.
union Passing {
    cmsghdr head;
    std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

// What ends the machine is its own matter: this process ends with it.
void leave_signals() {
    sigset_t all;
    ::sigfillset(&all);
    for (const int own : {SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE})
        ::sigdelset(&all, own);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

// Files of ours that it keeps would keep devices busy.
Result<void> keep_only(const Fd& socket) {
    ::dup2(socket.number(), its_socket);
    if (::close_range(its_socket + 1, ~0u, 0) < 0) return fail_system(errno, "closing files");
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    return {};
}

Result<void> keep_little(const Fd& socket, const std::vector<sock_filter>& filter,
                         const std::vector<FileRight>& files) {
    ::prctl(PR_SET_NAME, "tenon-opener", 0, 0, 0);
    leave_signals();
    TENON_TRY_DO(keep_only(socket), "");
    return seal_beside(ThreadKind::Opener, filter, files);
}

void send_answer(int error, int file) {
    iovec part{.iov_base = &error, .iov_len = sizeof error};
    Passing passing{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (file >= 0) {
        message.msg_control = passing.bytes.data();
        message.msg_controllen = passing.bytes.size();
        auto* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof file);
        // SAFETY: there is room for one number.
        std::memcpy(CMSG_DATA(head), &file, sizeof file);
    }
    [[maybe_unused]] const auto told = ::sendmsg(its_socket, &message, MSG_NOSIGNAL);
}

// The life of the opener. Nothing is allocated once it is sealed.
[[noreturn]] void serve(const Fd& socket, const std::vector<sock_filter>& filter,
                        const std::vector<FileRight>& files) {
    Ready ready{.process = ::getpid()};
    const auto sealed = keep_little(socket, filter, files);
    if (!sealed) ready.error = sealed.error().os_error;
    bool on = ::write(its_socket, &ready, sizeof ready) == sizeof ready && sealed;
    std::array<char, longest_path + 1> path{};
    while (on) {
        const auto count = ::read(its_socket, path.data(), longest_path);
        on = count > 0;
        if (!on) break;
        path.at(static_cast<std::size_t>(count)) = '\0';
        const int file = ::open(path.data(), O_RDWR | O_CLOEXEC | O_NOCTTY);
        send_answer(file < 0 ? errno : 0, file);
        if (file >= 0) ::close(file);
    }
    for (;;)
        ::_exit(0);
}

// The file of an answer; -1: it has none.
int file_of(msghdr& message) {
    const auto* const head = CMSG_FIRSTHDR(&message);
    if (head == nullptr || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return -1;
    int file = -1;
    // SAFETY: the kernel writes whole numbers, and there was room for one.
    std::memcpy(&file, CMSG_DATA(head), sizeof file);
    return file;
}

}  // namespace

Result<Opener> Opener::start(const std::vector<sock_filter>& filter,
                             const std::vector<FileRight>& files) {
    constexpr auto what = "starting a process that opens nodes of devices";
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0)
        return fail_system(errno, what);
    Fd ours{ends[0]};
    Fd theirs{ends[1]};
    const auto child = ::fork();
    if (child < 0) return fail_system(errno, what);
    if (child == 0) {
        // A child's child: nobody of us has to ask for its end.
        if (::fork() != 0) ::_exit(0);
        ours.close();
        serve(theirs, filter, files);
    }
    theirs.close();
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    Ready ready;
    const auto count = ::read(ours.number(), &ready, sizeof ready);
    if (count != sizeof ready) return fail_system(count < 0 ? errno : EPIPE, what);
    if (ready.error != 0) return fail_system(ready.error, what);
    return Opener{std::move(ours), ready.process};
}

std::expected<int, int> Opener::open(const std::string& path) const {
    if (path.empty()) return std::unexpected(ENOENT);
    if (path.size() > longest_path) return std::unexpected(ENAMETOOLONG);
    int error = EPIPE;
    iovec part{.iov_base = &error, .iov_len = sizeof error};
    Passing passing{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = passing.bytes.data();
    message.msg_controllen = passing.bytes.size();
    if (::send(socket_.number(), path.data(), path.size(), MSG_NOSIGNAL) < 0)
        return std::unexpected(errno);
    ssize_t count = -1;
    do {
        count = ::recvmsg(socket_.number(), &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return std::unexpected(count < 0 ? errno : EPIPE);
    const int file = file_of(message);
    if (count != sizeof error || error != 0) return std::unexpected(error == 0 ? EPIPE : error);
    if (file < 0) return std::unexpected(EMFILE);
    return file;
}

}  // namespace tenon::vmm::seal
