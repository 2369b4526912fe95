// The socket of `--control`: where clients come in, and who talks to each.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/control/control_listener.hpp"
#include "vmm/control/event_queue.hpp"
#include "vmm/control/qmp_session.hpp"
#include "vmm/control/qmp_workers.hpp"
#include "vmm/seal/thread.hpp"

namespace tenon::vmm::control {

/// Listens at a path and serves every client that connects, until destroyed.
///
/// One thread talks to all of them; what takes time is carried out beside it. No client can hold
/// another or the machine up: each has bounded buffers, and its commands wait while it does not
/// read the answers that it has. One that lets events pile up, sends files that cannot be taken, or
/// has not negotiated when another one finds no room, is cut off, with a warning. Other users than
/// that of the process, and root, are turned away. What a client
/// began is done even if it goes.
class ControlSocket {
public:
    static constexpr std::size_t most_clients = 16;  ///< Others wait to be accepted.
    /// For so long a client keeps its place without having negotiated, if another one waits for it.
    static constexpr std::chrono::seconds negotiation_patience{3};
    static constexpr std::size_t most_unread = 4 << 20;  ///< Bytes that a client may leave unread.

    using Listener = ControlListener;

    /// Serves nobody yet. `version` is told to clients, `warn` about them.
    /// Errors: errno of eventfd(2).
    static Result<std::unique_ptr<ControlSocket>> create(
        Listener listener, QmpVersion version, std::function<void(const std::string&)> warn);
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    /// Sends what clients have been told, waiting up to a second for those that do not read; waits
    /// for commands that are being carried out, and ends.
    ~ControlSocket();

    /// Serves from now on, with a thread of its own that calls the commands. Once.
    void serve(std::vector<QmpCommand> commands);

    /// Tells every client that has negotiated, soon (EventQueue). From any thread; returns at once.
    void announce(QmpEvent event);

private:
    using Clock = std::chrono::steady_clock;

    struct Client {
        std::uint64_t number;
        Fd fd;
        QmpSession session;
        std::string unsent;
        QmpWork work;            ///< Waits for room among the workers.
        bool ended = false;      ///< It says no more.
        Clock::time_point came;  ///< When it was let in.
    };
    ControlSocket(Listener listener, QmpVersion version,
                  std::function<void(const std::string&)> warn, EventFd wake);
    void run();
    void wait(std::optional<Clock::time_point> end);
    void talk(Client& client, short seen);
    void accept_client();
    void take_done();
    void send_events();
    void read_from(Client& client);
    void carry_on(Client& client);
    void write_to(Client& client);
    void cut_off(Client& client, std::string_view why);
    std::list<Client>::iterator first_silent();
    bool make_room();
    std::optional<Clock::time_point> listens_again();
    bool reads(const Client& client) const;
    bool anything_unsent() const;

    Listener listener_;
    QmpVersion version_;
    std::function<void(const std::string&)> warn_;
    std::vector<QmpCommand> commands_;
    EventFd wake_;
    std::list<Client> clients_;  ///< Of the thread alone, as the next three.
    std::uint64_t next_number_ = 0;
    bool stranger_told_ = false;
    Clock::time_point accept_again_;  ///< Not before.

    Mutex mutex_ TENON_ACQUIRED_AFTER(board::order::last);  ///< Held for a moment only.
    EventQueue events_ TENON_GUARDED_BY(mutex_);
    bool ending_ TENON_GUARDED_BY(mutex_) = false;

    QmpWorkers workers_;  ///< Goes before what its works announce to.
    seal::Thread thread_;
};

}  // namespace tenon::vmm::control
