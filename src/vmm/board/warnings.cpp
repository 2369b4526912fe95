#include "vmm/board/warnings.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "base/printable.hpp"

namespace tenon::vmm::board {
namespace {

// The terminal may be raw, where a new line does not return the carriage.
std::string line_of(std::string_view text) {
    return fmt::format("tenon: warning: {}\r\n", printable_line(text));
}

std::string lost_line(std::uint64_t count) {
    return line_of(fmt::format("{} warning{} lost: nobody read standard error", count,
                               count == 1 ? " was" : "s were"));
}

}  // namespace

Warnings::~Warnings() {
    std::string last = lost_ == 0 ? "" : lost_line(lost_);
    for (const auto& [subject, said] : subjects_) {
        if (said.more == 0) continue;
        const auto who = subject.function.empty() ? "" : subject.function + ": ";
        last += line_of(fmt::format("{}{}: {} more warning{} of this kind", who, subject.kind,
                                    said.more, said.more == 1 ? "" : "s"));
    }
    if (!output_) {
        fmt::print(stderr, "{}", last);
        return;
    }
    // Nobody is held by who ends, so these wait for room, as long as somebody reads.
    for (const char byte : last)
        output_->put(static_cast<std::uint8_t>(byte));
    output_->finish();
}

Result<void> Warnings::start(int file, OutputPatience patience) {
    TENON_TRY(output, OutputQueue::start(file, {}, patience), "warnings");
    const MutexLock lock{mutex_};
    output_ = std::move(output);
    return {};
}

void Warnings::print(std::string_view text) {
    const auto line = line_of(text);
    if (!output_) {
        fmt::print(stderr, "{}", line);
        return;
    }
    if (lost_ != 0 && output_->try_put(lost_line(lost_))) lost_ = 0;
    if (lost_ != 0 || !output_->try_put(line)) ++lost_;
}

void Warnings::once(const std::string& text) {
    constexpr std::size_t most = 1000;
    const MutexLock lock{mutex_};
    if (said_.size() < most && said_.insert(text).second) print(text);
}

void Warnings::once(const WarningSubject& subject, const std::string& text) {
    const MutexLock lock{mutex_};
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
    listener_(event);
}

void Warnings::listen(std::function<void(const DeviceEvent&)> listener) {
    listener_.set(std::move(listener));
}

}  // namespace tenon::vmm::board
