// A device whose model is a process behind a vhost-user socket, as its user stated it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tenon::model::virtio {

/// Queues that a function of ours has at most: their vectors and that of the configuration fill a
/// page of the MSI-X table.
inline constexpr unsigned most_queues = 255;
/// Entries that a split queue has at most. Source: VIRTIO 1.2, 2.7.
inline constexpr unsigned largest_queue = 32768;

/// `SOCKET,type=…[,key=value…]`. All of it is known before anybody connects: a plan never does.
struct Backend {
    std::string socket;            ///< A path; empty: `file` is the connected socket.
    std::optional<int> file;       ///< Connected by who started us, and theirs.
    std::uint16_t type = 0;        ///< VIRTIO 1.2, 5: 1 network, 2 block, 26 file system; 1..63.
    std::uint16_t queues = 0;      ///< 1..most_queues
    std::uint16_t queue_size = 0;  ///< Entries, a power of two up to largest_queue.
    /// Bytes of the device's own configuration that the process is asked for, at most
    /// layout::device_size; 0: none.
    std::uint16_t config_size = 0;

    bool operator==(const Backend&) const = default;
};

/// What it is called in messages: "vhost-user:/run/disk.sock".
std::string name_of(const Backend& backend);

}  // namespace tenon::model::virtio
