#include "vmm/control/event_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tenon::vmm::control {
namespace {

QmpEvent counted(QmpEvent event, std::uint64_t count) {
    if (count > 1) event.data["count"] = count;
    return event;
}

}  // namespace

bool EventQueue::put(QmpEvent event, Clock::time_point now) {
    const auto before = next();
    if (event.series.empty() || (series_.size() >= most && !series_.contains(event.series))) {
        // What happened before is told before.
        tell_waiting(now);
        push(std::move(event));
    } else if (const auto [found, is_new] =
                   series_.try_emplace(event.series, Series{.told = now, .waiting = {}});
               is_new) {
        push(std::move(event));
    } else {
        auto& series = found->second;
        series.waiting = std::move(event);
        ++series.count;
    }
    return !before || *next() < *before;
}

std::vector<QmpEvent> EventQueue::take(Clock::time_point now, Which which) {
    if (which == Which::All) tell_waiting(now);
    for (auto& [name, series] : series_)
        if (series.waiting && now - series.told >= pause) tell(series, now);
    std::erase_if(series_, [&](const auto& one) { return now - one.second.told >= pause; });
    std::vector<QmpEvent> taken;
    if (lost_ != 0)
        taken.push_back({.name = "TENON_EVENTS_LOST",
                         .data = {{"count", std::exchange(lost_, 0)}},
                         .microseconds = lost_at_});
    std::ranges::move(std::exchange(ready_, {}), std::back_inserter(taken));
    return taken;
}

std::optional<EventQueue::Clock::time_point> EventQueue::next() const {
    if (!ready_.empty()) return Clock::time_point::min();
    std::optional<Clock::time_point> first;
    for (const auto& [name, series] : series_)
        if (series.waiting && (!first || series.told + pause < *first)) first = series.told + pause;
    return first;
}

void EventQueue::push(QmpEvent event) {
    if (ready_.size() >= most) {
        lost_at_ = ready_.front().microseconds;
        ready_.pop_front();
        ++lost_;
    }
    ready_.push_back(std::move(event));
}

void EventQueue::tell(Series& series, Clock::time_point now) {
    push(counted(*std::exchange(series.waiting, std::nullopt), std::exchange(series.count, 0)));
    series.told = now;
}

void EventQueue::tell_waiting(Clock::time_point now) {
    for (auto& [name, series] : series_)
        if (series.waiting) tell(series, now);
}

}  // namespace tenon::vmm::control
