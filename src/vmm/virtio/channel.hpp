// The socket to a vhost-user back end: messages with files out, answers in, no wait without an end.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "vmm/virtio/message.hpp"

namespace tenon::vmm::virtio {

using Deadline = std::chrono::steady_clock::time_point;

/// Owns the socket. One caller at a time.
class Channel {
public:
    /// Connects to a back end that listens at `path`.
    /// Errors: Malformed for a path that no socket can have; errno of socket(2) and connect(2).
    static Result<Channel> connect(const std::string& path);

    /// Takes a copy of `file`, a socket that somebody else connected.
    /// Errors: errno of fcntl(2); Malformed if it is no stream socket.
    static Result<Channel> adopt(int file);

    explicit Channel(Fd socket) : socket_{std::move(socket)} {}

    /// A message that goes out. The files stay the caller's.
    struct Message {
        Request request{};
        std::span<const std::byte> payload = {};
        std::span<const int> files = {};
        bool need_reply = false;
    };

    /// Errors: Busy at the deadline; errno of sendmsg(2).
    Result<void> send(const Message& message, Deadline deadline) const;

    /// The answer to `request`: its payload.
    /// Errors: Busy at the deadline; Io if the back end has gone; Malformed for what is no answer
    /// to it: another number, version or flag, too long, or with files.
    Result<std::vector<std::byte>> receive(Request request, Deadline deadline) const;

    int number() const { return socket_.number(); }

private:
    Result<void> read_all(std::span<std::byte> out, Deadline deadline) const;
    Result<void> wait(short events, Deadline deadline) const;

    Fd socket_;
};

}  // namespace tenon::vmm::virtio
