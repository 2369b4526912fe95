// The terminal of whoever started the machine, as the guest's console.
#pragma once

#include <termios.h>

#include <optional>

#include "base/result.hpp"

namespace tenon::vmm::board {

/// Switches a terminal to raw mode and back when destroyed; also when a signal kills the process.
/// Something that is no terminal is left alone. One at a time.
class RawTerminal {
public:
    /// `file` stays the caller's.
    explicit RawTerminal(int file);
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() { restore(); }

    /// Whether the terminal is in raw mode because of us.
    bool raw() const { return before_.has_value(); }

    /// Switches back now.
    void restore();

private:
    int file_;
    std::optional<termios> before_;
};

}  // namespace tenon::vmm::board
