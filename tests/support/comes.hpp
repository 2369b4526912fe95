// To wait for what another thread does.
#pragma once

#include <chrono>
#include <thread>

namespace tenon::support {

/// Waits until `condition` holds; false if it does not come, after a minute.
template <typename Condition>
bool comes(const Condition& condition) {
    for (int n = 0; n < 60'000; ++n) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return false;
}

}  // namespace tenon::support
