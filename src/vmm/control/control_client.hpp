// The other end of the control socket: a client that gives one command after another.
#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/control/json_stream.hpp"

namespace tenon::vmm {

/// A connection that has negotiated. Waits up to 30 seconds for each answer.
class ControlClient {
public:
    /// Errors: errno of connect(2), naming the path; Malformed if what answers does not speak QMP.
    static Result<ControlClient> connect(const std::string& path);

    /// Sends the command and gives its answer, an object with "return" or "error". Events that come
    /// before it are dropped.
    /// Errors: Io if the server goes or does not answer; Malformed for an answer that is none.
    Result<nlohmann::json> execute(const nlohmann::json& command);

private:
    /// What an answer may have; a plan of many functions is long.
    static constexpr std::size_t answer_bytes = 64 << 20;

    ControlClient(Fd fd, std::string name) : fd_{std::move(fd)}, name_{std::move(name)} {}
    Result<nlohmann::json> receive();

    Fd fd_;
    std::string name_;
    JsonStream stream_{answer_bytes};
    std::deque<Result<nlohmann::json>> received_;
};

}  // namespace tenon::vmm
