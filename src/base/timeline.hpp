// Where the time of a start went: named moments, in the order in which they came.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// Moments since it was made. Thread-safe.
class Timeline {
public:
    struct Moment {
        std::string what;
        std::chrono::nanoseconds
            at;  ///< Since the timeline was made, by a clock that only goes on.
    };

    /// Notes that `what` is done now. Only the first time of each counts.
    void mark(std::string_view what);

    std::vector<Moment> moments() const;

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
    mutable std::mutex mutex_;
    std::vector<Moment> moments_;
};

/// Marks where somebody asked for it; null: nobody did.
inline void mark(Timeline* timeline, std::string_view what) {
    if (timeline != nullptr) timeline->mark(what);
}

}  // namespace tenon
