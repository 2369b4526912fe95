// What went wrong while the guest runs and does not end it: one line on standard error, once.
//
// A guest can repeat almost anything; what it repeats is said once and then kept quiet.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "base/result.hpp"

namespace tenon::vmm::board {

/// Something that went wrong with a device, as data; who follows a machine from outside wants it.
struct DeviceEvent {
    std::string function;  ///< "dev0 (0000:01:00.0)"
    std::string kind;      ///< One word: "silent-vector".
    std::uint32_t vector = 0;
    std::string text;  ///< For a person, without the function.

    bool operator==(const DeviceEvent&) const = default;
};

/// Says each thing once. Thread-safe.
class Warnings {
public:
    /// Prints "tenon: warning: TEXT" unless the same text was printed before. After a thousand
    /// different ones it stays quiet.
    void once(const std::string& text);

    /// The same for a failure; nothing for a success.
    void check(const Result<void>& result, std::string_view step);

    /// Says it as a warning, and hands it to who listens, each time.
    void incident(const DeviceEvent& event);

    /// Who gets the events from now on. It may be called from any thread, with locks of the
    /// function held: it is to note the event and return.
    void listen(std::function<void(const DeviceEvent&)> listener);

private:
    std::mutex mutex_;
    std::set<std::string> said_;
    std::function<void(const DeviceEvent&)> listener_;
};

}  // namespace tenon::vmm::board
