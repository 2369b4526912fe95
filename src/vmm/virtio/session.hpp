// What is said to a vhost-user back end, in its order. Blocks, up to its patience for each call.
// Source: QEMU, docs/interop/vhost-user.rst of 11.1, "Starting and stopping rings",
// "Front-end message types", "VHOST_USER_PROTOCOL_F_REPLY_ACK".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "model/virtio/backend.hpp"
#include "vmm/virtio/channel.hpp"

namespace tenon::vmm::virtio {

/// A part of guest memory and the file that holds it, which stays the caller's.
struct SharedPart {
    MemoryRegion region;
    int file = -1;
};

/// A queue to begin with. Addresses are as the memory's MemoryRegion::user; the events stay the
/// caller's.
struct Ring {
    std::uint16_t index = 0;
    std::uint16_t size = 0;
    std::uint64_t descriptors = 0;
    std::uint64_t available = 0;
    std::uint64_t used = 0;
    int kick = -1;
    int call = -1;
};

/// One connection. One caller at a time. After an error other than Denied the connection is of no
/// use any more.
class Session {
public:
    /// Agrees on what both sides know, and asks for the device's configuration; what the answers to
    /// all that may take is `to_open`, where that is not `patience`.
    /// Errors: those of the channel; Unsupported for a back end that lacks what the guest is shown.
    static Result<Session> open(Channel channel, const model::virtio::Backend& backend,
                                std::chrono::milliseconds patience,
                                std::optional<std::chrono::milliseconds> to_open = {});

    /// What a driver may be offered: by the back end, and by us of a network with an address.
    std::uint64_t features() const;

    /// The device's configuration, as it was read last; empty: the back end has none to tell.
    const std::vector<std::byte>& config() const { return config_; }

    /// Gives it memory and rings. `features` are those that the driver took.
    Result<void> start(std::uint64_t features, std::span<const SharedPart> memory,
                       std::span<const Ring> rings);

    /// Takes rings back: afterwards the back end uses none of their buffers.
    Result<void> stop(std::span<const std::uint16_t> rings);

    /// Its interrupts for the ring come by this event, which stays the caller's.
    Result<void> set_call(std::uint16_t ring, int event);

    /// Writes into the device's configuration, and reads all of it again.
    /// Errors: Denied if the back end does not take it.
    Result<void> write_config(std::uint32_t offset, std::span<const std::byte> bytes);

    int number() const { return channel_.number(); }

private:
    explicit Session(Channel channel, const model::virtio::Backend& backend,
                     std::chrono::milliseconds patience)
        : channel_{std::move(channel)}, backend_{backend}, patience_{patience} {}

    /// Of what a driver may be offered, what is the back end's.
    std::uint64_t back_end_features() const;
    Result<void> agree();
    Result<void> read_config();
    Result<void> begin(const Ring& ring);
    Result<void> share(std::span<const SharedPart> memory);
    Result<std::uint64_t> ask(Request request);
    Result<void> tell(const Channel::Message& message);
    Result<void> tell_done(const Channel::Message& message);
    Result<void> set_event(Request request, std::uint16_t ring, int event);
    Result<void> enable(std::uint16_t ring, bool on);
    bool agreed(std::uint64_t protocol) const { return (protocol_ & protocol) != 0; }
    bool has_protocol() const { return (features_ & feature::protocol_features) != 0; }

    Channel channel_;
    model::virtio::Backend backend_;
    std::chrono::milliseconds patience_;
    Deadline deadline_;  ///< Of the call that goes on.
    std::uint64_t features_ = 0;
    std::uint64_t protocol_ = 0;
    std::vector<std::byte> config_;
};

}  // namespace tenon::vmm::virtio
