#include "vmm/board/terminal.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

#include "vmm/seal/seal.hpp"

namespace tenon::vmm::board {
namespace {

// Signals that end the process on the spot, with the terminal still raw.
constexpr std::array deadly{SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};

// What the signal handler needs; set before it is installed, and never freed.
termios saved_settings;
std::atomic<int> saved_file = -1;

void restore_saved() {
    if (const int file = saved_file.exchange(-1); file >= 0)
        ::tcsetattr(file, TCSANOW, &saved_settings);
}

void restore_and_die(int signal) {
    restore_saved();
    // SA_RESETHAND: the default action is back, and the signal comes again.
    ::raise(signal);
}

void install_deadly_handlers() {
    for (const int signal : deadly) {
        struct sigaction before{};
        ::sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_DFL) continue;  // A sanitizer's report matters more.
        struct sigaction action{};
        action.sa_handler = restore_and_die;
        action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
        ::sigaction(signal, &action, nullptr);
    }
}

}  // namespace

RawTerminal::RawTerminal(int file) : file_{file} {
    termios settings{};
    if (::isatty(file) == 0 || ::tcgetattr(file, &settings) < 0) return;
    before_ = settings;
    saved_settings = settings;
    saved_file = file;
    install_deadly_handlers();
    seal::tidy_at_trap(restore_saved);
    ::cfmakeraw(&settings);
    // Output stays cooked: our own messages end their lines as everybody's do, and a guest's
    // "\r\n" looks the same.
    settings.c_oflag |= OPOST;
    ::tcsetattr(file, TCSANOW, &settings);
}

void RawTerminal::restore() {
    if (!before_) return;
    saved_file = -1;
    ::tcsetattr(file_, TCSANOW, &*before_);
    before_.reset();
}

}  // namespace tenon::vmm::board
