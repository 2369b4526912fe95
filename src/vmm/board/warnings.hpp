// What went wrong while the guest runs and does not end it: one line on standard error, once.
//
// A guest can repeat almost anything; what it repeats is said once and then kept quiet. It can vary
// most of it too, by addresses and registers that it chooses: such texts are kept by function and
// kind, so that no kind takes another's place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

/// What a warning is about: what a guest can vary without end is one subject.
struct WarningSubject {
    std::string function;  ///< "dev0 (0000:01:00.0)"; empty: the machine.
    std::string kind;      ///< A few words: "placing BARs".

    auto operator<=>(const WarningSubject&) const = default;
};

/// Says each thing once. Thread-safe.
class Warnings {
public:
    /// Texts that are said of one subject; the others are counted.
    static constexpr std::size_t most_of_subject = 8;

    Warnings() = default;
    Warnings(const Warnings&) = delete;
    Warnings& operator=(const Warnings&) = delete;
    /// Says of each subject how many texts were only counted.
    ~Warnings();

    /// Prints "tenon: warning: TEXT" unless the same text was printed before. For texts in which
    /// the guest chooses nothing; after a thousand different ones these stay quiet.
    void once(const std::string& text);

    /// The same for a text in which the guest may have chosen something: the first few of a subject
    /// are printed.
    void once(const WarningSubject& subject, const std::string& text);

    /// The same for a failure; nothing for a success.
    void check(const Result<void>& result, std::string_view step);
    void check(const Result<void>& result, const WarningSubject& subject, std::string_view step);

    /// Says it as a warning of its function and kind, and hands it to who listens, each time.
    void incident(const DeviceEvent& event);

    /// Who gets the events from now on. It may be called from any thread, with locks of the
    /// function held: it is to note the event and return.
    void listen(std::function<void(const DeviceEvent&)> listener);

private:
    struct Said {
        std::set<std::string> texts;
        std::uint64_t more = 0;
    };

    std::mutex mutex_;
    std::set<std::string> said_;
    std::map<WarningSubject, Said> subjects_;  ///< As many as there are functions, times kinds.
    std::function<void(const DeviceEvent&)> listener_;
};

}  // namespace tenon::vmm::board
