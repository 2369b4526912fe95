#include "base/event_fd.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace tenon {

Result<EventFd> EventFd::create() {
    const int number = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (number < 0) return fail_system(errno, "creating an eventfd");
    return EventFd{Fd{number}};
}

void EventFd::signal() const {
    const std::uint64_t one = 1;
    // Only a full counter can refuse, and then it is signalled already.
    [[maybe_unused]] const auto written = ::write(number(), &one, sizeof one);
}

std::uint64_t EventFd::take() const {
    std::uint64_t count = 0;
    if (::read(number(), &count, sizeof count) != sizeof count) return 0;
    return count;
}

bool EventFd::pending() const {
    pollfd entry{.fd = number(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

}  // namespace tenon
