// Events on their way to clients: bounded, and what a guest can repeat is put together.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vmm/control/qmp_session.hpp"

namespace tenon::vmm::control {

/// Keeps events in order until they are taken.
///
/// Of a series (QmpEvent::series) the first is there at once; those of the second after it are one:
/// the last of them, with the number of all in its member "count" if there are more. So a guest
/// that makes events as fast as it can costs one event a second for each function and kind. Not
/// thread-safe.
class EventQueue {
public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::size_t most = 1024;                ///< Events, and series.
    static constexpr std::chrono::milliseconds pause{1000};  ///< Between two of a series.

    /// Takes an event in. With too many waiting the oldest goes, and TENON_EVENTS_LOST says how
    /// many went. True: next() has become earlier.
    bool put(QmpEvent event, Clock::time_point now);

    /// What is to be told now; with `all` what would wait for the end of its second too.
    enum class Which { Due, All };
    std::vector<QmpEvent> take(Clock::time_point now, Which which = Which::Due);

    /// When there is something to take; none: nothing waits.
    std::optional<Clock::time_point> next() const;

private:
    struct Series {
        Clock::time_point told;
        std::optional<QmpEvent> waiting;
        std::uint64_t count = 0;  ///< What `waiting` stands for.
    };
    void push(QmpEvent event);
    void tell(Series& series, Clock::time_point now);
    void tell_waiting(Clock::time_point now);

    std::deque<QmpEvent> ready_;
    std::map<std::string, Series> series_;
    std::uint64_t lost_ = 0;
    std::int64_t lost_at_ = 0;
};

}  // namespace tenon::vmm::control
