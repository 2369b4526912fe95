// Types of Virtio devices by name and number. Source: VIRTIO 1.2, 5.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon::model::virtio {

/// What is known of a type.
struct DeviceType {
    std::string_view name;                ///< "blk"; as users write it.
    std::uint16_t number = 0;             ///< 1..63
    std::uint32_t class_code = 0x00ff00;  ///< 24 bits: class, subclass, interface.
    std::uint16_t queues = 0;             ///< That it has at least; 0: its user says how many.
    /// Bytes of its configuration, by the standard. Some back ends answer no more than they have.
    std::uint16_t config_size = 0;
};

inline constexpr std::uint16_t network = 1;
inline constexpr std::uint16_t block = 2;
inline constexpr std::uint16_t file_system = 26;
/// Device IDs of PCI are 0x1040 and this at most. Source: 4.1.2.1.
inline constexpr std::uint16_t last_type = 63;

/// All types that have a name here.
std::span<const DeviceType> device_types();

/// The type of that name, or of that number in decimal; none: neither.
std::optional<DeviceType> find_device_type(std::string_view text);

/// The type of that number, without a name if it has none here.
DeviceType device_type(std::uint16_t number);

/// "blk", or the number.
std::string name_of_type(std::uint16_t number);

}  // namespace tenon::model::virtio
