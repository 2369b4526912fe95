// The registers of a Virtio function over PCI, without its queues: accesses in, effects out. Pure.
//
//   driver                     here                            the shell
//   device_status = DRIVER_OK  everything was checked   ──▶    Start: rings to the back end
//   doorbell                                            ──▶    Kick
//   device_status = 0          status stays as it was   ──▶    Stop: rings back from the back end
//                              status reads 0           ◀──    finish_reset()
//
// Source: VIRTIO 1.2, 2.1, 2.2, 3.1, 4.1.4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "model/virtio/backend.hpp"
#include "model/virtio/layout.hpp"

namespace tenon::model::virtio {

/// device_status. Source: 2.1.
namespace status {
inline constexpr std::uint8_t acknowledge = 1;
inline constexpr std::uint8_t driver = 2;
inline constexpr std::uint8_t driver_ok = 4;
inline constexpr std::uint8_t features_ok = 8;
inline constexpr std::uint8_t needs_reset = 64;
inline constexpr std::uint8_t failed = 128;
}  // namespace status

/// Feature bits that concern the transport. Source: 6.
inline constexpr std::uint64_t version_1 = std::uint64_t{1} << 32;

/// A vector's number that means none. Source: 4.1.4.3.
inline constexpr std::uint16_t no_vector = 0xffff;

/// A queue as the driver set it up. Addresses are the guest's.
struct Queue {
    std::uint16_t size = 0;  ///< Entries.
    std::uint16_t vector = no_vector;
    bool enabled = false;
    std::uint64_t descriptors = 0;
    std::uint64_t driver = 0;  ///< The available ring.
    std::uint64_t device = 0;  ///< The used ring.

    bool operator==(const Queue&) const = default;
};

/// Parts of a split queue of `size` entries. Source: 2.7.
constexpr std::uint64_t descriptors_size(std::uint16_t size) { return std::uint64_t{16} * size; }
constexpr std::uint64_t driver_size(std::uint16_t size) { return 6 + std::uint64_t{2} * size; }
constexpr std::uint64_t device_size(std::uint16_t size) { return 6 + std::uint64_t{8} * size; }

/// Whether the addresses of a queue are aligned as they must be. Source: 2.7.
constexpr bool is_aligned(const Queue& queue) {
    return queue.descriptors % 16 == 0 && queue.driver % 2 == 0 && queue.device % 4 == 0;
}

/// What an access asks of the shell.
namespace effect {
/// Give the queues that are enabled to the device, with the features that were agreed on.
struct Start {
    auto operator<=>(const Start&) const = default;
};
/// Take all queues from the device; then finish_reset().
struct Stop {
    auto operator<=>(const Stop&) const = default;
};
/// The device is to look into the queue.
struct Kick {
    std::uint16_t queue = 0;
    auto operator<=>(const Kick&) const = default;
};
/// The queue, which is in use, has another vector.
struct VectorChanged {
    std::uint16_t queue = 0;
    auto operator<=>(const VectorChanged&) const = default;
};
/// The driver wrote into the device's own configuration.
struct WriteConfig {
    std::uint16_t offset = 0;
    std::uint8_t size = 0;  ///< 1, 2, 4 or 8 bytes.
    std::uint64_t value = 0;
    auto operator<=>(const WriteConfig&) const = default;
};
}  // namespace effect

using Effect = std::variant<effect::Start, effect::Stop, effect::Kick, effect::VectorChanged,
                            effect::WriteConfig>;

/// The state of one function. Not thread-safe. The driver may write anything anywhere: what makes
/// no sense is not taken, and every number that leaves here is of a queue or vector that is there.
class Transport {
public:
    /// As after power-on. `offered` are the features that a driver is shown; VERSION_1 is one.
    Transport(const Backend& backend, std::uint64_t offered);

    /// `size` bytes (1, 2, 4 or 8) at `offset` of the BAR. Zero where nothing is. Of MSI-X it knows
    /// nothing.
    std::uint64_t read(std::uint64_t offset, unsigned size);

    /// The driver's write, of the same.
    std::optional<Effect> write(std::uint64_t offset, unsigned size, std::uint64_t value);

    /// The queues are the driver's again: everything is as after power-on.
    void finish_reset();

    /// The function is reset from outside. Whether queues were in use: then they are to be taken
    /// from the device, and finish_reset() follows.
    bool begin_reset();

    /// The device cannot go on until a reset. True: the driver has to be told, by an interrupt for
    /// a change of the configuration. Source: 2.1.2.
    bool need_reset();

    /// There is no device any more. After the next reset no feature is offered, without which no
    /// driver goes on: better it gives up than it waits for what nobody does.
    void withdraw() { offered_ = 0; }

    /// The device's own configuration is this now; what is longer than its place is cut. True: as
    /// need_reset().
    bool set_config(std::span<const std::byte> config);

    std::uint64_t driver_features() const { return driver_features_; }
    const std::vector<Queue>& queues() const { return queues_; }
    std::uint16_t config_vector() const { return config_vector_; }
    /// The device may use the queues: DRIVER_OK was set, and no reset has begun since.
    bool started() const { return started_; }
    std::uint8_t device_status() const { return status_; }

    bool operator==(const Transport&) const = default;

private:
    std::array<std::byte, layout::common_size> common() const;
    std::optional<Effect> write_common(std::uint64_t offset, unsigned size, std::uint64_t value);
    std::optional<Effect> write_status(std::uint8_t value);
    std::optional<Effect> write_queue(std::uint64_t offset, std::uint32_t value);
    std::optional<Effect> write_queue_vector(std::uint16_t queue, std::uint32_t value);
    std::uint16_t checked_vector(std::uint32_t value) const;
    void write_driver_feature(std::uint32_t value);
    bool agreed() const;
    bool tell_of_config();

    std::uint64_t offered_ = 0;
    std::uint16_t queue_size_ = 0;
    std::vector<Queue> queues_;
    std::array<std::byte, layout::device_size> config_{};

    std::uint32_t device_feature_select_ = 0;
    std::uint32_t driver_feature_select_ = 0;
    std::uint64_t driver_features_ = 0;
    bool unknown_features_ = false;  ///< The driver wants some past the first 64.
    std::uint16_t config_vector_ = no_vector;
    std::uint16_t queue_select_ = 0;
    std::uint8_t status_ = 0;
    std::uint8_t generation_ = 0;
    std::uint8_t interrupt_status_ = 0;
    bool started_ = false;
    bool resetting_ = false;
};

}  // namespace tenon::model::virtio
