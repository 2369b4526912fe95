#include "base/timeline.hpp"

#include <algorithm>

namespace tenon {

void Timeline::mark(std::string_view what) {
    const auto now = Clock::now();
    const MutexLock lock{mutex_};
    if (std::ranges::find(moments_, what, &Moment::what) != moments_.end()) return;
    moments_.push_back({.what = std::string{what}, .at = now - start_});
}

std::vector<Timeline::Moment> Timeline::moments() const {
    const MutexLock lock{mutex_};
    return moments_;
}

}  // namespace tenon
