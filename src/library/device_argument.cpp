#include "library/device_argument.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"
#include "library/keys.hpp"
#include "pci/address.hpp"

namespace tenon::library {
namespace {

constexpr std::array<std::string_view, 7> own_keys{"id",           "port",     "function",  "iommu",
                                                   "host-atomics", "host-ats", "host-pasid"};

// All keys of a device, for errors and for what is known.
constexpr auto device_keys = [] {
    std::array<std::string_view, own_keys.size() + function_keys.size()> keys{};
    const auto rest = std::ranges::copy(own_keys, keys.begin()).out;
    std::ranges::copy(function_keys, rest);
    return keys;
}();

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
    if (pci::Address::parse(text.substr(0, first))) return first;
    // A name that is there ends at its comma, whatever follows; else what looks like keys decides.
    for (auto comma = first; comma < text.size();
         comma = std::min(text.find(',', comma + 1), text.size())) {
        const auto name = text.substr(0, comma);
        if (std::filesystem::exists(name, error) ||
            std::filesystem::exists(name.substr(0, name.rfind('#')), error))
            return comma;
    }
    for (auto comma = first; comma < text.size(); comma = text.find(',', comma + 1)) {
        const auto rest = text.substr(comma + 1);
        const auto equals = rest.find('=');
        if (equals != std::string_view::npos && is_word(rest.substr(0, equals))) return comma;
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

}  // namespace

Result<DeviceArgument> parse_device_argument(std::string_view text) {
    const auto end = end_of_name(text);
    DeviceArgument device{.name = std::string{text.substr(0, end)}};
    if (device.name.empty()) return malformed("device \"{}\": no device is named", text);
    if (end == text.size()) return device;

    TENON_TRY(keys, parse_keys(text.substr(end + 1), device.name, device_keys), "");
    for (const auto& [key, value] : keys) {
        if (key == "function") {
            TENON_TRY(number, parse_function(device.name, value), "");
            device.function = number;
        } else if (key == "iommu") {
            TENON_TRY(interface, parse_interface(device.name, value), "");
            device.interface = interface;
        } else if (is_function_key(key)) {
            TENON_TRY_DO(set_function_key(device.keys, device.name, key, value), "");
        } else if (is_stated_fact(key)) {
            TENON_TRY_DO(state_fact(device.stated, device.name, key, value), "");
        } else {
            TENON_TRY_DO(check_name(value, key), device.name);
            (key == "id" ? device.id : device.port) = value;
        }
    }
    return device;
}

Result<model::PortRequest> parse_port_argument(std::string_view text) {
    const auto comma = std::min(text.find(','), text.size());
    const auto name = text.substr(0, comma);
    TENON_TRY_DO(check_name(name, "port"), "");
    if (comma < text.size())
        TENON_TRY_DO(parse_keys(text.substr(comma + 1), fmt::format("port {}", name), {}), "");
    return model::PortRequest{.name = std::string{name}};
}

}  // namespace tenon::library
