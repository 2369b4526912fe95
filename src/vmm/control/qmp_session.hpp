// One client's conversation in QMP's wire protocol: bytes in, bytes out. Pure.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "vmm/control/json_stream.hpp"
#include "vmm/control/qmp_files.hpp"

namespace tenon::vmm {

/// A command that a client may give.
struct QmpCommand {
    std::string name;
    std::vector<std::string> arguments;  ///< Names of those that it knows; all may be left out.
    bool any_argument = false;           ///< It looks at their names itself.
    /// Carries it out; the arguments are an object, the files the client's. What it gives is sent
    /// back as "return". Errors: sent back as "error", NotFound with the class DeviceNotFound.
    std::function<Result<nlohmann::json>(const nlohmann::json&, QmpFiles&)> run;
};

/// Something that happened, for clients.
struct QmpEvent {
    std::string name;               ///< "SHUTDOWN"
    nlohmann::json data;            ///< An object, or null for none.
    std::int64_t microseconds = 0;  ///< Since 1970.
};

/// Who answers, as the greeting tells it.
struct QmpVersion {
    int major = 0;
    int minor = 0;
    int micro = 0;
    std::string package;  ///< The program's name.
};

/// The version as an object, which `query-version` gives as well. The protocol calls the three
/// numbers "qemu" whoever the server is.
nlohmann::json describe(const QmpVersion& version);

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

    /// Takes a file that came with the next bytes. Errors: as QmpFiles::arrive().
    Result<void> feed_file(Fd file) { return files_.arrive(std::move(file)); }

    /// Takes the client's next bytes; gives what is to be sent back. Every command gets one answer.
    std::string feed(std::string_view bytes);

    /// What is to be sent for an event: nothing before the client has negotiated.
    std::string event(const QmpEvent& event) const;

    /// Whether the client has negotiated, so that it may give commands and gets events.
    bool negotiated() const { return negotiated_; }

    /// Whether the conversation cannot go on, so that the connection is to be closed.
    bool broken() const { return stream_.broken(); }

private:
    nlohmann::json answer(const Result<nlohmann::json>& input);
    nlohmann::json execute(const nlohmann::json& input);
    Result<nlohmann::json> negotiate(const nlohmann::json& arguments);

    const std::vector<QmpCommand>& commands_;
    const QmpVersion& version_;
    JsonStream stream_;
    QmpFiles files_;
    bool negotiated_ = false;
};

}  // namespace tenon::vmm
