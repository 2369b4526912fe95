#include "model/virtio/device_type.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace tenon::model::virtio {
namespace {

// Name, number, class by which drivers and firmware look, queues, configuration. Source:
// VIRTIO 1.2, 5.1 to 5.4, 5.6, 5.10, 5.11; a file system has one queue for requests beside that of
// high priority.
constexpr std::array types{
    DeviceType{"net", network, 0x020000, 2, 12},    DeviceType{"blk", block, 0x010000, 1, 60},
    DeviceType{"console", 3, 0x078000, 2, 12},      DeviceType{"rng", 4, 0x00ff00, 1, 0},
    DeviceType{"scsi", 8, 0x010000, 3, 36},         DeviceType{"vsock", 19, 0x078000, 3, 8},
    DeviceType{"fs", file_system, 0x018000, 2, 40},
};

}  // namespace

std::span<const DeviceType> device_types() { return types; }

DeviceType device_type(std::uint16_t number) {
    const auto* const known = std::ranges::find(types, number, &DeviceType::number);
    return known == types.end() ? DeviceType{.name = "", .number = number} : *known;
}

std::optional<DeviceType> find_device_type(std::string_view text) {
    const auto* const known = std::ranges::find(types, text, &DeviceType::name);
    if (known != types.end()) return *known;
    const auto number = parse_number(text);
    if (!number || *number == 0 || *number > last_type) return std::nullopt;
    return device_type(static_cast<std::uint16_t>(*number));
}

std::string name_of_type(std::uint16_t number) {
    const auto type = device_type(number);
    return type.name.empty() ? fmt::format("{}", number) : std::string{type.name};
}

}  // namespace tenon::model::virtio
