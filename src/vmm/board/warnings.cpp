#include "vmm/board/warnings.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "base/printable.hpp"

namespace tenon::vmm::board {
namespace {

// The terminal may be raw, where a new line does not return the carriage.
void print(const std::string& text) {
    fmt::print(stderr, "tenon: warning: {}\r\n", printable_line(text));
}

}  // namespace

Warnings::~Warnings() {
    for (const auto& [subject, said] : subjects_) {
        if (said.more == 0) continue;
        const auto who = subject.function.empty() ? "" : subject.function + ": ";
        print(fmt::format("{}{}: {} more warning{} of this kind", who, subject.kind, said.more,
                          said.more == 1 ? "" : "s"));
    }
}

void Warnings::once(const std::string& text) {
    constexpr std::size_t most = 1000;
    const std::lock_guard lock{mutex_};
    if (said_.size() < most && said_.insert(text).second) print(text);
}

void Warnings::once(const WarningSubject& subject, const std::string& text) {
    const std::lock_guard lock{mutex_};
    auto& said = subjects_[subject];
    if (said.texts.contains(text)) return;
    if (said.texts.size() >= most_of_subject) {
        ++said.more;
        return;
    }
    said.texts.insert(text);
    print(text);
}

void Warnings::check(const Result<void>& result, std::string_view step) {
    if (!result) once(fmt::format("{}: {}", step, to_string(result.error())));
}

void Warnings::check(const Result<void>& result, const WarningSubject& subject,
                     std::string_view step) {
    if (!result) once(subject, fmt::format("{}: {}", step, to_string(result.error())));
}

void Warnings::incident(const DeviceEvent& event) {
    once({.function = event.function, .kind = event.kind},
         fmt::format("{}: {}", event.function, event.text));
    const std::lock_guard lock{mutex_};
    if (listener_) listener_(event);
}

void Warnings::listen(std::function<void(const DeviceEvent&)> listener) {
    const std::lock_guard lock{mutex_};
    listener_ = std::move(listener);
}

}  // namespace tenon::vmm::board
