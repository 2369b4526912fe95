// Where the time of a start went: named moments, in the order in which they came.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"

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
    void mark(std::string_view what) TENON_EXCLUDES(mutex_);

    std::vector<Moment> moments() const TENON_EXCLUDES(mutex_);

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
    mutable Mutex mutex_;
    std::vector<Moment> moments_ TENON_GUARDED_BY(mutex_);
};

/// Marks where somebody asked for it; null: nobody did.
inline void mark(Timeline* timeline, std::string_view what) {
    if (timeline != nullptr) timeline->mark(what);
}

}  // namespace tenon
