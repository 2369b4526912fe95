// What went wrong while the guest runs and does not end it: one line on standard error, once.
//
// A guest can repeat almost anything; what it repeats is said once and then kept quiet. It can vary
// most of it too, by addresses and registers that it chooses: such texts are kept by function and
// kind, so that no kind takes another's place.
//
// Whoever warns may hold any lock, and may be a vCPU: it does not wait for standard error, which
// somebody may not read (`2>&1 | less`).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/listener.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/output_queue.hpp"

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
    /// Says of each subject how many texts were only counted, and waits for who reads, as
    /// long as the patience lasts.
    ~Warnings();

    /// From now on nobody waits for what is said to be written to `file`, which stays the caller's:
    /// what finds no room among OutputQueue::capacity bytes is lost, and counted. Before, who says
    /// something writes it to standard error itself. Once.
    /// Errors: errno of what it needs.
    Result<void> start(int file, OutputPatience patience = {}) TENON_EXCLUDES(mutex_);

    /// Prints "tenon: warning: TEXT" unless the same text was printed before. For texts in which
    /// the guest chooses nothing; after a thousand different ones these stay quiet.
    void once(const std::string& text) TENON_EXCLUDES(mutex_);

    /// The same for a text in which the guest may have chosen something: the first few of a subject
    /// are printed.
    void once(const WarningSubject& subject, const std::string& text) TENON_EXCLUDES(mutex_);

    /// The same for a failure; nothing for a success.
    void check(const Result<void>& result, std::string_view step);
    void check(const Result<void>& result, const WarningSubject& subject, std::string_view step);

    /// Says it as a warning of its function and kind, and hands it to who listens, each time.
    void incident(const DeviceEvent& event);

    /// Who gets the events from now on; nobody is in the listener before when it returns. It is
    /// called from any thread, with locks of the function held: it is to note the event and return.
    void listen(std::function<void(const DeviceEvent&)> listener);

private:
    struct Said {
        std::set<std::string> texts;
        std::uint64_t more = 0;
    };

    void print(std::string_view text) TENON_REQUIRES(mutex_);

    Listener<void(const DeviceEvent&)> listener_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(order::said) TENON_ACQUIRED_BEFORE(order::last);
    std::set<std::string> said_ TENON_GUARDED_BY(mutex_);
    /// As many as there are functions, times kinds.
    std::map<WarningSubject, Said> subjects_ TENON_GUARDED_BY(mutex_);
    std::unique_ptr<OutputQueue> output_ TENON_GUARDED_BY(mutex_);
    std::uint64_t lost_ TENON_GUARDED_BY(mutex_) = 0;  ///< Lines since one found room.
};

}  // namespace tenon::vmm::board
