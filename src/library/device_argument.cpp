#include "library/device_argument.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <system_error>

#include "base/text.hpp"
#include "library/keys.hpp"
#include "pci/address.hpp"

namespace tenon::library {
namespace {

constexpr std::array<std::string_view, 12> own_keys{
    "id",  "port",         "function", "iommu",      "fd",         "vf-token",
    "rom", "host-atomics", "host-ats", "host-pasid", "host-group", "host-reset"};

// All keys of a device, for errors and for what is known.
constexpr auto device_keys = [] {
    std::array<std::string_view, own_keys.size() + function_keys.size()> keys{};
    const auto rest = std::ranges::copy(own_keys, keys.begin()).out;
    std::ranges::copy(function_keys, rest);
    return keys;
}();

constexpr std::string_view by_file = "fd=";

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_';
    });
}

// Where the keys begin: the position of their comma, or the end of the text.
std::size_t end_of_name(std::string_view text) {
    std::error_code error;
    if (std::filesystem::exists(text, error)) return text.size();
    const auto first = std::min(text.find(','), text.size());
    const auto before = text.substr(0, first);
    if (pci::Address::parse(before) || pci::Address::parse_slot(before)) return first;
    // A name that is there ends at its comma, whatever follows; else what looks like keys decides.
    for (auto comma = first; comma < text.size();
         comma = std::min(text.find(',', comma + 1), text.size())) {
        const auto name = text.substr(0, comma);
        if (std::filesystem::exists(name, error) ||
            std::filesystem::exists(name.substr(0, name.rfind('#')), error))
            return comma;
    }
    for (auto comma = first; comma < text.size(); comma = text.find(',', comma + 1)) {
        const auto part = text.substr(comma + 1, text.find(',', comma + 1) - comma - 1);
        const auto equals = part.find('=');
        if (equals != std::string_view::npos && is_word(part.substr(0, equals))) return comma;
    }
    return text.size();
}

Result<unsigned> parse_function(std::string_view of, std::string_view value) {
    const auto number = parse_number(value);
    if (number && *number <= 7) return static_cast<unsigned>(*number);
    return malformed("{}: function={}: a slot has the functions 0 to 7", of, value);
}

Result<device::Interface> parse_interface(std::string_view of, std::string_view value) {
    if (value == "auto") return device::Interface::Automatic;
    if (value == "iommufd") return device::Interface::Iommufd;
    if (value == "group") return device::Interface::Group;
    return malformed("{}: iommu={}: known are auto, iommufd, group", of, value);
}

// One key of a device.
Result<void> apply_key(DeviceArgument& device, const std::string& of, const KeyValue& pair) {
    const auto& [key, value] = pair;
    if (key == "function") {
        TENON_TRY(number, parse_function(of, value), "");
        device.function = number;
    } else if (key == "iommu") {
        TENON_TRY(interface, parse_interface(of, value), "");
        device.access.interface = interface;
    } else if (key == "fd") {
        TENON_TRY(file, parse_file(of, value), "");
        device.access.file = file;
    } else if (key == "vf-token") {
        TENON_TRY(token, device::parse_vf_token(value), fmt::format("{}: vf-token", of));
        device.access.vf_token = token;
    } else if (key == "rom") {
        device.rom = value;
    } else if (is_function_key(key)) {
        TENON_TRY_DO(set_function_key(device.keys, of, key, value), "");
    } else if (is_stated_fact(key)) {
        TENON_TRY_DO(state_fact(device.stated, of, key, value), "");
    } else {
        TENON_TRY_DO(check_name(value, key), of);
        (key == "id" ? device.id : device.port) = value;
    }
    return {};
}

// Where the keys begin, of a device that may be nothing but a file of this process.
std::size_t start_of_keys(std::string_view text) {
    std::error_code error;
    if (text.starts_with(by_file) && !std::filesystem::exists(text, error)) return 0;
    return std::min(end_of_name(text) + 1, text.size());
}

}  // namespace

std::string_view keys_in(std::string_view text) { return text.substr(start_of_keys(text)); }

Result<int> parse_file(std::string_view of, std::string_view value) {
    const auto number = parse_number(value);
    if (number && *number <= std::numeric_limits<int>::max()) return static_cast<int>(*number);
    return malformed("{}: fd={}: it is not the number of a file", of, value);
}

Result<DeviceArgument> parse_device_argument(std::string_view text) {
    TENON_TRY_DO(check_argument(text, "device"), "");
    std::error_code error;
    const bool unnamed = text.starts_with(by_file) && !std::filesystem::exists(text, error);
    const auto end = unnamed ? 0 : end_of_name(text);
    DeviceArgument device{.name = std::string{text.substr(0, end)}};
    if (device.name.empty() && !unnamed)
        return malformed("device \"{}\": no device is named", text);
    if (end == text.size()) return device;

    const auto of = unnamed ? std::string{"device"} : device.name;
    TENON_TRY(keys, parse_keys(text.substr(unnamed ? 0 : end + 1), of, device_keys), "");
    for (const auto& pair : keys)
        TENON_TRY_DO(apply_key(device, of, pair), "");
    if (device.access.file && device.access.interface == device::Interface::Group)
        return malformed("{}: fd= is a node for iommufd: it does not go with iommu=group", of);
    return device;
}

}  // namespace tenon::library
