#include "vmm/control/control_socket.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "base/quiet_thread.hpp"
#include "vmm/control/local_address.hpp"

namespace tenon::vmm {
namespace {

// Bytes that are read at once; what a client is owed beyond `patience` stops the reading from it.
constexpr std::size_t piece = 4096;
constexpr std::size_t patience = 256 << 10;

Fd make_socket() { return Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; }

// Whether a socket lies at the address that nobody serves any more.
bool is_left_over(const sockaddr_un& address) {
    struct stat file{};
    if (::lstat(&address.sun_path[0], &file) < 0 || !S_ISSOCK(file.st_mode)) return false;
    const auto probe = make_socket();
    return probe && connect_to(probe, address) < 0 && errno == ECONNREFUSED;
}

// What came: bytes, as recv(2) counts them, and files with them.
struct Received {
    ssize_t count = 0;
    std::vector<Fd> files;
};

Received receive(const Fd& socket, std::span<char> bytes) {
    // As many as the kernel lets one message carry.
    constexpr std::size_t most_files = 253;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_files * sizeof(int))> control{};
    iovec data{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    Received received{.count = ::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC), .files = {}};
    if (received.count < 0) return received;
    for (auto* head = CMSG_FIRSTHDR(&message); head != nullptr;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        std::vector<int> numbers((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(numbers.data(), CMSG_DATA(head), numbers.size() * sizeof(int));
        for (const int number : numbers)
            received.files.emplace_back(number);
    }
    return received;
}

}  // namespace

Result<ControlSocket::Listener> ControlSocket::Listener::bind(const std::string& path) {
    const auto what = fmt::format("control socket {}", path);
    TENON_TRY(address, local_address(path), what);
    auto socket = make_socket();
    if (!socket) return fail_system(errno, what);
    if (is_left_over(address)) ::unlink(path.c_str());
    // Whoever may connect may end the guest. The mode of the socket's own file decides who gets to
    // it.
    ::fchmod(socket.number(), S_IRUSR | S_IWUSR);
    if (bind_to(socket, address) < 0) {
        if (errno == EADDRINUSE)
            return fail(Error::Kind::Busy, "{}: there is something at this path already", what);
        return fail_system(errno, what);
    }
    struct stat file{};
    const bool known = ::stat(path.c_str(), &file) == 0;
    Listener listener{std::move(socket), path, known ? file.st_ino : 0};
    if (::listen(listener.number(), static_cast<int>(most_clients)) < 0)
        return fail_system(errno, what);
    return listener;
}

ControlSocket::Listener::~Listener() {
    struct stat file{};
    if (fd_ && ::stat(path_.c_str(), &file) == 0 && file.st_ino == inode_) ::unlink(path_.c_str());
}

ControlSocket::ControlSocket(Listener listener, QmpVersion version,
                             std::function<void(const std::string&)> warn, EventFd wake)
    : listener_{std::move(listener)},
      version_{std::move(version)},
      warn_{std::move(warn)},
      wake_{std::move(wake)} {}

Result<std::unique_ptr<ControlSocket>> ControlSocket::create(
    Listener listener, QmpVersion version, std::function<void(const std::string&)> warn) {
    TENON_TRY(wake, EventFd::create(), "control socket");
    return std::unique_ptr<ControlSocket>{new ControlSocket{std::move(listener), std::move(version),
                                                            std::move(warn), std::move(wake)}};
}

void ControlSocket::serve(std::vector<QmpCommand> commands) {
    commands_ = std::move(commands);
    thread_ = quiet_thread([this] { run(); });
}

ControlSocket::~ControlSocket() {
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    wake_.signal();
    if (thread_.joinable()) thread_.join();
}

void ControlSocket::announce(QmpEvent event) {
    {
        const std::lock_guard lock{mutex_};
        events_.push_back(std::move(event));
    }
    wake_.signal();
}

void ControlSocket::run() {
    using Clock = std::chrono::steady_clock;
    std::optional<Clock::time_point> end;
    for (;;) {
        std::vector<pollfd> files{
            {.fd = wake_.number(), .events = POLLIN, .revents = 0},
            {.fd = clients_.size() < most_clients && !end ? listener_.number() : -1,
             .events = POLLIN,
             .revents = 0}};
        for (const auto& client : clients_) {
            const bool reads = !end && !client.closing && client.unsent.size() < patience;
            files.push_back({.fd = client.fd.number(),
                             .events = static_cast<short>((reads ? POLLIN : 0) |
                                                          (client.unsent.empty() ? 0 : POLLOUT)),
                             .revents = 0});
        }
        constexpr int soon_ms = 50;
        ::poll(files.data(), files.size(), end ? soon_ms : -1);
        wake_.take();
        std::size_t index = 2;
        for (auto& client : clients_) {
            const auto seen = files[index++].revents;
            if ((seen & POLLIN) != 0) read_from(client);
            if ((seen & POLLOUT) != 0) write_to(client);
            if ((seen & (POLLHUP | POLLERR)) != 0 && (seen & POLLIN) == 0) client.fd.close();
        }
        send_events();
        std::erase_if(clients_, [](const Client& client) {
            return !client.fd || (client.closing && client.unsent.empty());
        });
        if (files[1].revents != 0) accept_client();
        const std::lock_guard lock{mutex_};
        if (ending_ && !end) end = Clock::now() + std::chrono::seconds{1};
        if (end && events_.empty() && (!anything_unsent() || Clock::now() > *end)) return;
    }
}

bool ControlSocket::anything_unsent() const {
    return std::ranges::any_of(clients_,
                               [](const Client& client) { return !client.unsent.empty(); });
}

void ControlSocket::accept_client() {
    Fd fd{::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!fd) return;  // It has gone again.
    auto& client = clients_.emplace_back(
        Client{.fd = std::move(fd), .session = {commands_, version_}, .unsent = {}});
    client.unsent = client.session.greeting();
    write_to(client);
}

void ControlSocket::send_events() {
    std::vector<QmpEvent> events;
    {
        const std::lock_guard lock{mutex_};
        events = std::exchange(events_, {});
    }
    for (const auto& event : events) {
        for (auto& client : clients_) {
            if (!client.fd) continue;
            client.unsent += client.session.event(event);
            write_to(client);
            if (client.unsent.size() <= most_unread) continue;
            warn_("a client of the control socket does not read what it is sent: cut off");
            client.fd.close();
        }
    }
}

void ControlSocket::read_from(Client& client) {
    std::array<char, piece> bytes{};
    auto [count, files] = receive(client.fd, bytes);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        client.fd.close();
        return;
    }
    for (auto& file : files) {
        if (const auto kept = client.session.feed_file(std::move(file)); !kept) {
            warn_(fmt::format("a client of the control socket is cut off: {}",
                              to_string(kept.error())));
            client.fd.close();
            return;
        }
    }
    client.unsent += client.session.feed({bytes.data(), static_cast<std::size_t>(count)});
    client.closing = client.session.broken();
    write_to(client);
}

void ControlSocket::write_to(Client& client) {
    while (client.fd && !client.unsent.empty()) {
        const auto count =
            ::send(client.fd.number(), client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            client.unsent.erase(0, static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            if (errno != EAGAIN) client.fd.close();
            return;
        }
    }
}

}  // namespace tenon::vmm
