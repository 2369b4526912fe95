// One client's conversation in QMP's wire protocol: bytes in, bytes out. Pure.
#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "vmm/control/json_stream.hpp"
#include "vmm/control/qmp_files.hpp"
#include "vmm/control/qmp_version.hpp"

namespace tenon::vmm::control {

/// What is left to do of a command: it gives its answer. On any thread, once.
using QmpWork = std::move_only_function<Result<nlohmann::json>()>;

/// A command that a client may give.
struct QmpCommand {
    std::string name;
    std::vector<std::string> arguments;  ///< Names of those that it knows; all may be left out.
    bool any_argument = false;           ///< It looks at their names itself.
    /// Carries it out; the arguments are an object, the files the client's. What it gives is sent
    /// back as "return". Errors: sent back as "error", NotFound with the class DeviceNotFound.
    std::function<Result<nlohmann::json>(const nlohmann::json&, QmpFiles&)> run;
    /// Instead of `run`, for what may take time: takes what it needs of arguments and files, and
    /// gives the rest to do. Others are answered meanwhile; the client's own next command waits.
    std::function<Result<QmpWork>(const nlohmann::json&, QmpFiles&)> begin;
};

/// Something that happened, for clients.
struct QmpEvent {
    std::string name;               ///< "SHUTDOWN"
    nlohmann::json data;            ///< An object, or null for none.
    std::int64_t microseconds = 0;  ///< Since 1970.
    /// Names events that a guest can repeat: those of one series may be told as one. Empty: each is
    /// told. Their data is an object.
    std::string series;
};

/// What a command came to.
struct QmpStep {
    std::string out;  ///< To be sent back.
    QmpWork work;     ///< Or what is to be done first; the answer is then of finish().
};

/// The server's side for one client: greeting, negotiation, commands, events.
///
/// Source: QEMU's interop documentation, qmp-spec. One command at a time, in order; there is no
/// out-of-band execution, and none is offered.
class QmpSession {
public:
    /// Both must outlive it.
    QmpSession(const std::vector<QmpCommand>& commands, const QmpVersion& version)
        : commands_{commands}, version_{version} {}

    /// What the server says first.
    std::string greeting() const;

    /// Takes the client's next bytes, and files that came with the last of them: they are for the
    /// command that ends with it or next. Errors: Busy if there are too many; all are closed.
    Result<void> feed(std::string_view bytes, std::vector<Fd> files = {});

    /// Whether a command waits to be carried out. Nothing more should be fed then.
    bool waits() const { return !waiting_.empty(); }

    /// Carries out the next command that waits. Not while one is being worked on.
    QmpStep next();

    /// Whether a command is being worked on.
    bool works() const { return working_; }

    /// What is to be sent back for it, now that it has come to its end.
    std::string finish(const Result<nlohmann::json>& result);

    /// What is to be sent for an event: nothing before the client has negotiated.
    std::string event(const QmpEvent& event) const;

    /// Whether the client has negotiated, so that it may give commands and gets events.
    bool negotiated() const { return negotiated_; }

    /// Whether the conversation cannot go on, so that the connection is to be closed.
    bool broken() const { return stream_.broken() && !waits() && !works(); }

private:
    struct Waiting {
        Result<nlohmann::json> input;
        std::vector<Fd> files;  ///< That came with it.
    };
    struct Done {
        nlohmann::json answer;
        QmpWork work;
    };
    void feed_bytes(std::string_view bytes);
    Done carry_out(const nlohmann::json& input);
    Done carry_out(const QmpCommand& command, const nlohmann::json& arguments);
    Result<nlohmann::json> negotiate(const nlohmann::json& arguments);

    const std::vector<QmpCommand>& commands_;
    const QmpVersion& version_;
    JsonStream stream_;
    std::vector<Fd> coming_;  ///< Files of the command that is coming.
    std::deque<Waiting> waiting_;
    QmpFiles files_;
    bool working_ = false;
    std::optional<nlohmann::json> id_;  ///< Of what is being worked on.
    bool negotiated_ = false;
};

}  // namespace tenon::vmm::control
