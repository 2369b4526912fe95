// An eventfd: the form in which interrupts travel between kernel and us.
#pragma once

#include <cstdint>

#include "base/fd.hpp"

namespace tenon {

/// Owns one non-blocking eventfd.
class EventFd {
public:
    /// Errors: errno of eventfd(2).
    static Result<EventFd> create();

    int number() const { return fd_.number(); }

    /// Adds one to the count.
    void signal() const;

    /// The count, which becomes zero; zero if nothing was signalled.
    std::uint64_t take() const;

    /// Whether something was signalled; the count stays.
    bool pending() const;

private:
    explicit EventFd(Fd fd) : fd_{std::move(fd)} {}
    Fd fd_;
};

}  // namespace tenon
