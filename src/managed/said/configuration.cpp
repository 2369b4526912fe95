#include "managed/said/configuration.hpp"

#include <algorithm>
#include <ranges>

#include "base/text.hpp"

namespace tenon::managed::said {
namespace {

bool is_uuid(std::string_view text) {
    constexpr std::size_t length = 36;
    if (text.size() != length) return false;
    for (std::size_t n = 0; n < length; ++n) {
        const bool dash = n == 8 || n == 13 || n == 18 || n == 23;
        if (dash != (text[n] == '-')) return false;
        if (!dash && !parse_hex(text.substr(n, 1))) return false;
    }
    return true;
}

std::string_view last_part(std::string_view path) {
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

const Value* value_of(const Configuration& configuration, const Option& device,
                      std::string_view name) {
    if (const auto* const own = device.properties.find(name)) return own;
    for (const auto& global : configuration.globals | std::views::reverse)
        if (global.driver == device.type && global.name == name) return &global.value;
    return nullptr;
}

bool is_on(const Configuration& configuration, const Option& device, std::string_view name) {
    const auto* const value = value_of(configuration, device, name);
    return value != nullptr && parse_flag(value->text).value_or(false);
}

bool is_assigned(const Option& device) {
    return device.type == "vfio-pci" || device.type == "vfio-pci-nohotplug";
}

bool is_mediated(const Option& device) {
    return is_uuid(last_part(device.properties.text("sysfsdev")));
}

std::optional<pci::Address> host_of(const Option& device) {
    if (const auto folder = last_part(device.properties.text("sysfsdev")); !folder.empty())
        return parse_host_address(folder);
    return parse_host_address(device.properties.text("host"));
}

Board board_of(const Configuration& configuration) {
    // "+pve1" is what a manager adds, here and in version_of().
    const auto named = configuration.machine.text("type");
    const auto type = named.substr(0, named.find('+'));
    if (type == "q35" || type.starts_with("pc-q35-")) return Board::Q35;
    if (type.empty() || type == "pc" || type.starts_with("pc-i440fx-")) return Board::Pc;
    return Board::Other;
}

std::optional<MachineVersion> version_of(const Configuration& configuration) {
    const auto type = configuration.machine.text("type");
    const auto at = type.rfind('-');
    if (at == std::string_view::npos) return std::nullopt;
    const auto numbers = split(type.substr(at + 1, type.find('+') - at - 1), '.');
    if (numbers.size() < 2) return std::nullopt;
    const auto major = tenon::parse_number(numbers[0]);
    const auto minor = tenon::parse_number(numbers[1]);
    if (!major || !minor || *major > 1000 || *minor > 1000) return std::nullopt;
    return MachineVersion{.major = static_cast<unsigned>(*major),
                          .minor = static_cast<unsigned>(*minor)};
}

}  // namespace tenon::managed::said
