// A device whose model is a process behind a vhost-user socket, as its user stated it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::model::virtio {

/// Queues that a function of ours has at most: their vectors and that of the configuration fill a
/// page of the MSI-X table.
inline constexpr unsigned most_queues = 255;
/// Entries that a split queue has at most. Source: VIRTIO 1.2, 2.7.
inline constexpr unsigned largest_queue = 32768;

/// Which program is started to be the device.
enum class ProgramKind : std::uint8_t {
    Disk,     ///< qemu-storage-daemon
    Share,    ///< virtiofsd
    Network,  ///< passt
};

/// How an image holds its disk.
enum class ImageFormat : std::uint8_t { Raw, Qcow2 };

/// A port of the host that leads into the guest.
struct Forward {
    bool udp = false;
    std::string address;  ///< Of the host, in dots.
    std::uint16_t host = 0;
    std::uint16_t guest = 0;

    bool operator==(const Forward&) const = default;
};

/// A program that is started to be the device, ends with the guest, and what it is given.
struct StartedProgram {
    ProgramKind kind{};
    std::string path;                        ///< Of the image or the folder; of a network empty.
    std::optional<ImageFormat> format = {};  ///< Of a disk; none: not said, see format_of().
    bool readonly = false;
    std::string tag = {};  ///< Of a folder: what the guest mounts.
    std::vector<Forward> forwards = {};
    bool host = false;  ///< Of a network: the guest reaches the host's own 127.0.0.1.

    bool operator==(const StartedProgram&) const = default;
};

using MacAddress = std::array<std::uint8_t, 6>;

/// `SOCKET,type=…[,key=value…]`, or what is to be started. All of it is known before anybody
/// connects: a plan never does, and starts nothing.
struct Backend {
    std::string socket;            ///< A path; empty: `file` or `program` it is.
    std::optional<int> file;       ///< Connected by who started us, and theirs.
    std::uint16_t type = 0;        ///< VIRTIO 1.2, 5: 1 network, 2 block, 26 file system; 1..63.
    std::uint16_t queues = 0;      ///< 1..most_queues
    std::uint16_t queue_size = 0;  ///< Entries, a power of two up to largest_queue.
    /// Bytes of the device's own configuration that the process is asked for, at most
    /// layout::device_size; 0: none.
    std::uint16_t config_size = 0;
    std::optional<StartedProgram> program = {};
    /// Of a network: its address, where the process has none to tell.
    std::optional<MacAddress> mac = {};

    bool operator==(const Backend&) const = default;
};

/// "52:54:00:12:34:56"
std::string to_string(const MacAddress& address);

/// What it is called in messages: "vhost-user:/run/disk.sock", "disk:debian.qcow2".
std::string name_of(const Backend& backend);

/// What no second device of the machine can have: a socket, an image that is written to, the tag of
/// a folder, in words; empty: there is nothing of this kind.
std::string claim_of(const Backend& backend);

/// The same without what names somebody's files and addresses.
Backend without_names(Backend backend);

}  // namespace tenon::model::virtio
