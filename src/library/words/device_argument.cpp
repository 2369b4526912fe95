#include "library/words/device_argument.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <system_error>

#include "base/text.hpp"
#include "library/words/keys.hpp"
#include "pci/address.hpp"

namespace tenon::library::words {
namespace {

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

Result<device::Interface> parse_interface(std::string_view of, std::string_view value) {
    if (value == "auto") return device::Interface::Automatic;
    if (value == "iommufd") return device::Interface::Iommufd;
    if (value == "group") return device::Interface::Group;
    return malformed("{}: iommu={}: known are auto, iommufd, group", of, value);
}

constexpr auto own_keys = std::to_array<Key<DeviceArgument>>({
    {.words = {"id", "NAME", "what the device is called (dev0, dev1, ...)"},
     .take = [](DeviceArgument& device, std::string_view of,
                std::string_view value) -> Result<void> {
         TENON_TRY_DO(check_name(value, "id"), of);
         device.id = value;
         return {};
     }},
    {.words = {"port", "NAME",
               "the root port it is behind; without it, one of its own (rp0, rp1, ...)"},
     .take = [](DeviceArgument& device, std::string_view of,
                std::string_view value) -> Result<void> {
         TENON_TRY_DO(check_name(value, "port"), of);
         device.port = value;
         return {};
     }},
    {.words = {"function", "0-7", "its number in the slot; without it, the first that is free"},
     .take =
         [](DeviceArgument& device, std::string_view of, std::string_view value) {
             return store(device.function, parse_function(of, value));
         }},
    {.words = {"iommu", "auto|iommufd|group",
               "the kernel's interface that assigns it; without it, auto"},
     .take =
         [](DeviceArgument& device, std::string_view of, std::string_view value) {
             return store(device.access.interface, parse_interface(of, value));
         }},
    {.words = {"fd", "N",
               "file N of this process is its node /dev/vfio/devices/vfioN, opened by who started "
               "tenon"},
     .take =
         [](DeviceArgument& device, std::string_view of, std::string_view value) {
             return store(device.access.file, parse_file(of, value));
         }},
    {.words = {"vf-token", "UUID",
               "for a virtual function whose physical function VFIO has as well: the token that "
               "the program with the physical function set"},
     .take = [](DeviceArgument& device, std::string_view of,
                std::string_view value) -> Result<void> {
         TENON_TRY(token, device::parse_vf_token(value), fmt::format("{}: vf-token", of));
         device.access.vf_token = token;
         return {};
     }},
    {.words = {"rom", "on|off|FILE",
               "the option ROM the guest finds: the device's, none, or that of a file"},
     .take = [](DeviceArgument& device, std::string_view, std::string_view value) -> Result<void> {
         device.rom = value;
         return {};
     }},
});

// One key of a device.
Result<void> apply_key(DeviceArgument& device, std::string_view of, const KeyValue& pair) {
    TENON_TRY(own, take_key(own_keys, device, of, pair), "");
    if (own) return {};
    TENON_TRY(stated, take_key(stated_keys(), device.stated, of, pair), "");
    if (stated) return {};
    TENON_TRY_DO(take_key(function_keys(), device.keys, of, pair), "");
    return {};
}

// Where the keys begin, of a device that may be nothing but a file of this process.
std::size_t start_of_keys(std::string_view text) {
    std::error_code error;
    if (text.starts_with(by_file) && !std::filesystem::exists(text, error)) return 0;
    return std::min(end_of_name(text) + 1, text.size());
}

}  // namespace

std::vector<KeyWords> device_keys() {
    auto words = words_of(own_keys);
    for (const auto& more : {words_of(stated_keys()), words_of(function_keys())})
        words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::string_view keys_in(std::string_view text) { return text.substr(start_of_keys(text)); }

std::string anonymous_keys(std::string_view keys) {
    std::string named;
    for (const auto pair : split(keys, ',')) {
        if (!named.empty()) named += ',';
        const bool file = pair.starts_with("rom=") && pair != "rom=on" && pair != "rom=off";
        if (file)
            named += fmt::format("rom={}", anonymous_rom);
        else
            named += pair.starts_with("vf-token=") ? "vf-token=UUID" : pair;
    }
    return named;
}

Result<unsigned> parse_function(std::string_view of, std::string_view value) {
    const auto number = parse_number(value);
    if (number && *number <= 7) return static_cast<unsigned>(*number);
    return malformed("{}: function={}: a slot has the functions 0 to 7", of, value);
}

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
    TENON_TRY(keys, parse_keys(text.substr(unnamed ? 0 : end + 1), of, device_keys()), "");
    for (const auto& pair : keys)
        TENON_TRY_DO(apply_key(device, of, pair), "");
    if (device.access.file && device.access.interface == device::Interface::Group)
        return malformed("{}: fd= is a node for iommufd: it does not go with iommu=group", of);
    return device;
}

}  // namespace tenon::library::words
