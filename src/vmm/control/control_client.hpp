// The other end of the control socket: a client that gives one command after another.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/control/json_stream.hpp"

namespace tenon::vmm::control {

/// Why a server does not do what it was told, in its words.
struct ControlRefusal {
    std::string kind;  ///< "CommandNotFound"
    std::string text;
};

/// What came of a command.
struct ControlAnswer {
    std::optional<ControlRefusal> refusal;
    nlohmann::json value;  ///< What was returned, unless it was refused.
};

/// A connection that has negotiated. What the server sends is checked: it may be anybody.
class ControlClient {
public:
    /// For the greeting and the negotiation together, and for each answer.
    static constexpr std::chrono::seconds default_patience{30};
    /// What an answer may have: several times what a plan of 256 functions takes.
    static constexpr JsonLimits answer_limits{.bytes = 16 << 20};

    /// Errors: errno of connect(2), naming the path; Malformed if what answers does not speak QMP.
    static Result<ControlClient> connect(const std::string& path,
                                         std::chrono::milliseconds patience = default_patience);

    /// Sends the command, with an id of its own, and gives its answer. Events that come before it
    /// are dropped, and do not make the wait longer. After an error the connection is of no use.
    /// Errors: Io if the server goes or does not answer in time; Malformed for what is no answer to
    /// this command.
    Result<ControlAnswer> execute(nlohmann::json command);

private:
    using Clock = std::chrono::steady_clock;

    ControlClient(Fd fd, std::string name, std::chrono::milliseconds patience)
        : fd_{std::move(fd)}, name_{std::move(name)}, patience_{patience} {}
    Result<void> negotiate();
    Result<ControlAnswer> ask(nlohmann::json command, Clock::time_point end);
    Result<void> send(std::string_view text, Clock::time_point end);
    Result<nlohmann::json> receive(Clock::time_point end);
    Result<void> wait(short what, Clock::time_point end) const;

    Fd fd_;
    std::string name_;
    std::chrono::milliseconds patience_;
    std::int64_t last_id_ = 0;
    JsonStream stream_{answer_limits};
    std::deque<Result<nlohmann::json>> received_;
};

}  // namespace tenon::vmm::control
