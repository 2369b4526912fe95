#include "vmm/board/warnings.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "base/printable.hpp"

namespace tenon::vmm::board {

void Warnings::once(const std::string& text) {
    constexpr std::size_t most = 1000;
    const std::lock_guard lock{mutex_};
    if (said_.size() >= most || !said_.insert(text).second) return;
    // The terminal may be raw, where a new line does not return the carriage.
    fmt::print(stderr, "tenon: warning: {}\r\n", printable_line(text));
}

void Warnings::check(const Result<void>& result, std::string_view step) {
    if (!result) once(fmt::format("{}: {}", step, to_string(result.error())));
}

void Warnings::incident(const DeviceEvent& event) {
    once(fmt::format("{}: {}", event.function, event.text));
    const std::lock_guard lock{mutex_};
    if (listener_) listener_(event);
}

void Warnings::listen(std::function<void(const DeviceEvent&)> listener) {
    const std::lock_guard lock{mutex_};
    listener_ = std::move(listener);
}

}  // namespace tenon::vmm::board
