// Standard input as the guest's console, and the signals that end the machine. Its output:
// output_queue.hpp.
#pragma once

#include <csignal>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/event_fd.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/board/serial.hpp"
#include "vmm/board/terminal.hpp"

namespace tenon::vmm::board {

/// Finds the key sequence that leaves the machine: Ctrl-A, then x. Ctrl-A twice is one Ctrl-A.
class EscapeKeys {
public:
    struct Outcome {
        std::optional<std::uint8_t> byte;  ///< For the guest.
        bool leave = false;

        bool operator==(const Outcome&) const = default;
    };
    Outcome press(std::uint8_t byte);

private:
    bool escaped_ = false;
};

/// Blocks SIGINT, SIGTERM, SIGHUP for the process and gives them as a file; SIGPIPE is ignored.
/// Threads made afterwards inherit it, so this comes before any of them. Undone when destroyed.
class EndSignals {
public:
    /// Errors: errno of signalfd(2).
    static Result<EndSignals> take();
    EndSignals(EndSignals&& other) noexcept;
    EndSignals& operator=(EndSignals&&) = delete;
    EndSignals(const EndSignals&) = delete;
    EndSignals& operator=(const EndSignals&) = delete;
    ~EndSignals();

    int number() const { return fd_.number(); }

private:
    EndSignals() = default;
    Fd fd_;
    std::optional<sigset_t> before_;
};

/// Feeds standard input to a serial port until destroyed; end of file is no error.
class Console {
public:
    /// `leave` is called when a signal or the user's keys end the machine. All outlive the console.
    static Result<std::unique_ptr<Console>> start(int input, SerialPort& port,
                                                  const EndSignals& signals,
                                                  std::function<void()> leave);
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;
    ~Console();

private:
    Console(int input, EventFd wake);
    void serve(const std::stop_token& stop, SerialPort& port, const EndSignals& signals,
               const std::function<void()>& leave);
    bool take_input(SerialPort& port, const std::function<void()>& leave);

    int input_;
    EventFd wake_;
    EscapeKeys keys_;
    RawTerminal terminal_;
    std::jthread thread_;
};

}  // namespace tenon::vmm::board
