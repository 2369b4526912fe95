#include "vmm/control/control_socket.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "vmm/control/receive.hpp"

namespace tenon::vmm::control {
namespace {

// Bytes that are read at once; what a client is owed beyond `patience` stops the reading from it.
constexpr std::size_t piece = 4096;
constexpr std::size_t patience = 256 << 10;

}  // namespace

ControlSocket::ControlSocket(Listener listener, QmpVersion version,
                             std::function<void(const std::string&)> warn, EventFd wake)
    : listener_{std::move(listener)},
      version_{std::move(version)},
      warn_{std::move(warn)},
      wake_{std::move(wake)},
      workers_{[this] { wake_.signal(); }} {}

Result<std::unique_ptr<ControlSocket>> ControlSocket::create(
    Listener listener, QmpVersion version, std::function<void(const std::string&)> warn) {
    TENON_TRY(wake, EventFd::create(), "control socket");
    return std::unique_ptr<ControlSocket>{new ControlSocket{std::move(listener), std::move(version),
                                                            std::move(warn), std::move(wake)}};
}

void ControlSocket::serve(std::vector<QmpCommand> commands) {
    commands_ = std::move(commands);
    thread_ = seal::Thread::start(seal::ThreadKind::Control, [this] { run(); });
}

ControlSocket::~ControlSocket() {
    {
        const MutexLock lock{mutex_};
        ending_ = true;
    }
    wake_.signal();
    if (thread_.joinable()) thread_.join();
}

void ControlSocket::announce(QmpEvent event) {
    {
        const MutexLock lock{mutex_};
        if (!events_.put(std::move(event), Clock::now())) return;
    }
    wake_.signal();
}

void ControlSocket::run() {
    std::optional<Clock::time_point> end;
    for (;;) {
        wait(end);
        take_done();
        for (auto& client : clients_)
            carry_on(client);
        send_events();
        std::erase_if(clients_, [](const Client& client) {
            const auto& session = client.session;
            const bool done = client.unsent.empty() && !session.waits() && !session.works();
            return !client.fd || ((client.ended || session.broken()) && done);
        });
        const MutexLock lock{mutex_};
        if (ending_ && !end) end = Clock::now() + std::chrono::seconds{1};
        if (end && !events_.next() && (!anything_unsent() || Clock::now() > *end)) return;
    }
}

// Until a client, a worker or an event wants something. After `end` was set nobody is heard any
// more, and all events are due.
void ControlSocket::wait(std::optional<Clock::time_point> end) {
    const auto listens = end ? std::nullopt : listens_again();
    const bool listens_now = listens && *listens <= Clock::now();
    std::vector<pollfd> files{
        {.fd = wake_.number(), .events = POLLIN, .revents = 0},
        {.fd = listens_now ? listener_.number() : -1, .events = POLLIN, .revents = 0}};
    for (const auto& client : clients_)
        files.push_back({.fd = client.fd.number(),
                         .events = static_cast<short>((!end && reads(client) ? POLLIN : 0) |
                                                      (client.unsent.empty() ? 0 : POLLOUT)),
                         .revents = 0});
    auto until = [&]() -> std::optional<Clock::time_point> {
        const MutexLock lock{mutex_};
        return events_.next();
    }();
    if (listens && !listens_now) until = std::min(until.value_or(*listens), *listens);
    if (end) until = std::min(until.value_or(*end), Clock::now() + std::chrono::milliseconds{50});
    const auto left = [&] {
        return std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
    };
    ::poll(files.data(), files.size(),
           !until                               ? -1
           : *until == Clock::time_point::min() ? 0
                                                : static_cast<int>(std::max<long>(left(), 0)));
    wake_.take();
    std::size_t index = 2;
    for (auto& client : clients_)
        talk(client, files[index++].revents);
    if (files[1].revents != 0) accept_client();
}

// Who has had its place for the longest time without having negotiated.
std::list<ControlSocket::Client>::iterator ControlSocket::first_silent() {
    return std::ranges::find_if(clients_,
                                [](const Client& client) { return !client.session.negotiated(); });
}

// When another client may be let in: at once if that has passed. None: when one goes.
std::optional<ControlSocket::Clock::time_point> ControlSocket::listens_again() {
    if (clients_.size() < most_clients) return accept_again_;
    const auto silent = first_silent();
    if (silent == clients_.end()) return std::nullopt;
    return std::max(accept_again_, silent->came + negotiation_patience);
}

// Another one waits. False: all keep their places.
bool ControlSocket::make_room() {
    std::erase_if(clients_, [](const Client& client) { return !client.fd; });
    if (clients_.size() < most_clients) return true;
    const auto silent = first_silent();
    if (silent == clients_.end() || Clock::now() < silent->came + negotiation_patience)
        return false;
    cut_off(*silent, "it has not negotiated, and another one waits");
    clients_.erase(silent);
    return true;
}

bool ControlSocket::reads(const Client& client) const {
    const auto& session = client.session;
    return !client.ended && !session.broken() && !session.waits() && !session.works() &&
           client.unsent.size() < patience;
}

bool ControlSocket::anything_unsent() const {
    return std::ranges::any_of(clients_,
                               [](const Client& client) { return !client.unsent.empty(); });
}

void ControlSocket::talk(Client& client, short seen) {
    if ((seen & POLLIN) != 0) read_from(client);
    if ((seen & POLLOUT) != 0) write_to(client);
    if ((seen & (POLLHUP | POLLERR)) != 0 && (seen & POLLIN) == 0) client.fd.close();
}

void ControlSocket::accept_client() {
    if (!make_room()) return;
    Fd fd{::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!fd) {
        // Whoever waits goes on waiting, which would wake us again at once.
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            warn_(fmt::format("control socket: a client has to wait: {}",
                              to_string(system_error(errno, "accepting it"))));
            accept_again_ = Clock::now() + std::chrono::seconds{1};
        }
        return;
    }
    if (!listener_.lets_in(fd)) {
        // They may come again and again.
        if (!std::exchange(stranger_told_, true))
            warn_("control socket: a client of another user was turned away; others will be too");
        return;
    }
    auto& client = clients_.emplace_back(Client{.number = next_number_++,
                                                .fd = std::move(fd),
                                                .session = {commands_, version_},
                                                .came = Clock::now()});
    client.unsent = client.session.greeting();
    write_to(client);
}

void ControlSocket::take_done() {
    for (const auto& [number, result] : workers_.take()) {
        const auto client = std::ranges::find(clients_, number, &Client::number);
        if (client == clients_.end()) continue;  // It has gone.
        client->unsent += client->session.finish(result);
        write_to(*client);
    }
}

void ControlSocket::send_events() {
    const auto events = [this] {
        const MutexLock lock{mutex_};
        return events_.take(Clock::now(),
                            ending_ ? EventQueue::Which::All : EventQueue::Which::Due);
    }();
    for (const auto& event : events) {
        for (auto& client : clients_) {
            if (!client.fd) continue;
            client.unsent += client.session.event(event);
            write_to(client);
            if (client.unsent.size() > most_unread)
                cut_off(client, "does not read what it is sent");
        }
    }
}

void ControlSocket::cut_off(Client& client, std::string_view why) {
    warn_(fmt::format("a client of the control socket is cut off: {}", why));
    client.fd.close();
}

void ControlSocket::read_from(Client& client) {
    std::string bytes(piece, '\0');
    auto received = receive(client.fd, bytes);
    if (received.count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received.count < 0) {
        client.fd.close();
        return;
    }
    if (received.count == 0) {
        client.ended = true;
        return;
    }
    if (received.files_lost) {
        cut_off(client, "it sends files, and too many are open here to take them");
        return;
    }
    const auto fed = client.session.feed({bytes.data(), static_cast<std::size_t>(received.count)},
                                         std::move(received.files));
    if (!fed) cut_off(client, to_string(fed.error()));
}

// Commands one after another, as far as their answers are read and workers are free.
void ControlSocket::carry_on(Client& client) {
    while (client.fd) {
        if (client.work) {
            if (!workers_.has_room()) return;
            workers_.begin(client.number, std::exchange(client.work, {}));
        }
        const auto& session = client.session;
        if (session.works() || !session.waits() || client.unsent.size() >= patience) return;
        auto step = client.session.next();
        client.unsent += step.out;
        client.work = std::move(step.work);
        write_to(client);
    }
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

}  // namespace tenon::vmm::control
