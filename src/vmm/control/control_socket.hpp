// The socket of `--control`: where clients come in, and who talks to each.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/control/qmp_session.hpp"

namespace tenon::vmm {

/// Listens at a path and serves every client that connects, until destroyed.
///
/// One thread talks to all of them and carries their commands out one after another. No client can
/// hold another or the machine up: each has bounded buffers, one that does not read what it asked
/// for is not read from, and one that lets events pile up, or sends files that it names nowhere, is
/// cut off, with a warning.
class ControlSocket {
public:
    static constexpr std::size_t most_clients = 16;      ///< Others wait to be accepted.
    static constexpr std::size_t most_unread = 4 << 20;  ///< Bytes that a client may leave unread.

    /// A path that is bound and listens; nobody is served yet. Removed when destroyed.
    class Listener {
    public:
        /// Binds `path`, for this user alone. A socket there that nobody serves any more is
        /// replaced. Errors: Busy if somebody serves it; Malformed for a path too long (107 bytes);
        /// errno of bind(2).
        static Result<Listener> bind(const std::string& path);
        Listener(Listener&&) = default;
        Listener& operator=(Listener&&) = delete;
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;
        ~Listener();

        int number() const { return fd_.number(); }

    private:
        Listener(Fd fd, std::string path, unsigned long inode)
            : fd_{std::move(fd)}, path_{std::move(path)}, inode_{inode} {}
        Fd fd_;
        std::string path_;
        unsigned long inode_;  ///< Of the socket that is ours.
    };

    /// Serves nobody yet. `version` is told to clients, `warn` about them.
    /// Errors: errno of eventfd(2).
    static Result<std::unique_ptr<ControlSocket>> create(
        Listener listener, QmpVersion version, std::function<void(const std::string&)> warn);
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    /// Sends what clients have been told, waiting up to a second for those that do not read, and
    /// ends.
    ~ControlSocket();

    /// Serves from now on, with a thread of its own that calls the commands. Once.
    void serve(std::vector<QmpCommand> commands);

    /// Tells every client that has negotiated. From any thread; returns at once.
    void announce(QmpEvent event);

private:
    struct Client {
        Fd fd;
        QmpSession session;
        std::string unsent;
        bool closing = false;  ///< Once `unsent` is gone.
    };
    ControlSocket(Listener listener, QmpVersion version,
                  std::function<void(const std::string&)> warn, EventFd wake);
    void run();
    void accept_client();
    void send_events();
    void read_from(Client& client);
    void write_to(Client& client);
    bool anything_unsent() const;

    Listener listener_;
    QmpVersion version_;
    std::function<void(const std::string&)> warn_;
    std::vector<QmpCommand> commands_;
    EventFd wake_;
    std::list<Client> clients_;  ///< Of the thread alone.

    std::mutex mutex_;  ///< Guards what follows.
    std::vector<QmpEvent> events_;
    bool ending_ = false;

    std::thread thread_;
};

}  // namespace tenon::vmm
