#include "vmm/board/console.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "vmm/seal/seal.hpp"

namespace tenon::vmm::board {

EscapeKeys::Outcome EscapeKeys::press(std::uint8_t byte) {
    constexpr std::uint8_t control_a = 1;
    if (!escaped_ && byte == control_a) {
        escaped_ = true;
        return {};
    }
    if (std::exchange(escaped_, false) && byte == 'x') return {.leave = true};
    return {.byte = byte};
}

Result<EndSignals> EndSignals::take() {
    EndSignals signals;
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&set, signal);
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &set, &before);
    signals.before_ = before;
    signals.fd_ = Fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!signals.fd_) return fail_system(errno, "signalfd");
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

EndSignals::EndSignals(EndSignals&& other) noexcept
    : fd_{std::move(other.fd_)}, before_{std::exchange(other.before_, std::nullopt)} {}

EndSignals::~EndSignals() {
    // One that was seen has done its work; unblocked now it would kill us after all.
    signalfd_siginfo seen{};
    while (fd_ && ::read(fd_.number(), &seen, sizeof seen) > 0) {
    }
    if (before_) ::pthread_sigmask(SIG_SETMASK, &*before_, nullptr);
}

Console::Console(int input, EventFd wake)
    : input_{input}, wake_{std::move(wake)}, terminal_{input} {}

Result<std::unique_ptr<Console>> Console::start(int input, SerialPort& port,
                                                const EndSignals& signals,
                                                std::function<void()> leave) {
    TENON_TRY(wake, EventFd::create(), "starting the console");
    std::unique_ptr<Console> console{new Console{input, std::move(wake)}};
    console->thread_ = std::jthread{[console = console.get(), &port, &signals,
                                     leave = std::move(leave)](const std::stop_token& stop) {
        seal::enter(seal::ThreadKind::Console);
        console->serve(stop, port, signals, leave);
    }};
    return console;
}

Console::~Console() {
    thread_.request_stop();
    wake_.signal();
    if (thread_.joinable()) thread_.join();
}

void Console::serve(const std::stop_token& stop, SerialPort& port, const EndSignals& signals,
                    const std::function<void()>& leave) {
    // While the guest does not take what is waiting, we look again now and then.
    constexpr int look_again_ms = 50;
    std::array files{pollfd{.fd = wake_.number(), .events = POLLIN, .revents = 0},
                     pollfd{.fd = signals.number(), .events = POLLIN, .revents = 0},
                     pollfd{.fd = input_, .events = POLLIN, .revents = 0}};
    bool at_end = false;
    while (!stop.stop_requested()) {
        const bool full = port.is_full();
        files[2].fd = at_end || full ? -1 : input_;
        if (::poll(files.data(), files.size(), full ? look_again_ms : -1) < 0 && errno != EINTR)
            return;
        if (files[1].revents != 0) {
            leave();
            files[1].fd = -1;  // Once is enough; the signal stays in the file.
        }
        if (files[2].fd >= 0 && files[2].revents != 0) at_end = !take_input(port, leave);
    }
}

bool Console::take_input(SerialPort& port, const std::function<void()>& leave) {
    std::array<std::uint8_t, 64> bytes{};
    const auto count = ::read(input_, bytes.data(), bytes.size());
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    for (std::size_t index = 0; index < static_cast<std::size_t>(count); ++index) {
        // Keys mean something only where there is somebody to press them.
        const auto outcome =
            terminal_.raw() ? keys_.press(bytes[index]) : EscapeKeys::Outcome{.byte = bytes[index]};
        if (outcome.leave) leave();
        if (outcome.byte) port.receive(*outcome.byte);
    }
    return count > 0;
}

}  // namespace tenon::vmm::board
