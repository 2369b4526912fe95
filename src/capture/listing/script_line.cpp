#include "capture/listing/script_line.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "capture/listing/header_line.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

// "GP104 [GeForce GTX 1080] [1b80]", "Device 1b80" and "1b80" have a number and perhaps a name.
struct Numbered {
    std::string_view name;
    std::optional<std::uint16_t> number;
};

std::optional<std::uint16_t> number_of(std::string_view digits) {
    constexpr std::size_t size = 4;
    const auto value = digits.size() == size ? parse_hex(digits) : std::nullopt;
    if (!value) return std::nullopt;
    return static_cast<std::uint16_t>(*value);
}

Numbered take_apart(std::string_view text) {
    if (const auto number = number_of(text)) return {.name = {}, .number = number};
    for (const std::string_view nameless : {"Device ", "Vendor "})
        if (text.starts_with(nameless))
            if (const auto number = number_of(text.substr(nameless.size())))
                return {.name = {}, .number = number};
    if (text.ends_with(']'))
        if (const auto open = text.rfind('['); open != std::string_view::npos)
            if (const auto number = number_of(text.substr(open + 1, text.size() - open - 2)))
                return {.name = trimmed(text.substr(0, open)), .number = number};
    return {.name = text, .number = std::nullopt};
}

std::optional<Ids> ids_of(const Numbered& vendor, const Numbered& device) {
    if (!vendor.number || !device.number) return std::nullopt;
    return Ids{.vendor = *vendor.number, .device = *device.number};
}

void put_device(std::string_view vendor, std::string_view device, Said& said) {
    const auto maker = take_apart(vendor);
    const auto made = take_apart(device);
    if (const auto ids = ids_of(maker, made)) said.ids.say(*ids);
    if (!said.name.empty() || maker.name.empty()) return;
    said.name = fmt::format("{} {}", maker.name, made.name.empty() ? "Device" : made.name);
    said.name.resize(std::min(said.name.size(), longest_name));
}

void put_subsystem(std::string_view vendor, std::string_view device, Said& said) {
    if (const auto ids = ids_of(take_apart(vendor), take_apart(device))) said.subsystem.say(*ids);
}

void say_byte(std::string_view digits, Stated<std::uint8_t>& fact) {
    constexpr std::size_t size = 2;
    if (const auto value = digits.size() == size ? parse_hex(digits) : std::nullopt)
        fact.say(static_cast<std::uint8_t>(*value));
}

void say_number(std::string_view digits, unsigned limit, Stated<unsigned>& fact) {
    if (const auto value = parse_number(digits); value && *value <= limit)
        fact.say(static_cast<unsigned>(*value));
}

}  // namespace

std::optional<ScriptLine> parse_script_line(std::string_view text) {
    ScriptLine line;
    std::size_t words = 0;
    while (!text.empty()) {
        if (text.front() == '"') {
            const auto end = text.find('"', 1);
            if (end == std::string_view::npos || words == line.words.size()) return std::nullopt;
            line.words.at(words++) = text.substr(1, end - 1);
            text = trimmed(text.substr(end + 1));
            continue;
        }
        const auto option = text.substr(0, text.find(' '));
        constexpr std::size_t size = 4;  // -r07
        const auto value = option.size() == size ? parse_hex(option.substr(2)) : std::nullopt;
        if (!value || !(option.starts_with("-r") || option.starts_with("-p"))) return std::nullopt;
        (option[1] == 'r' ? line.revision : line.interface) = static_cast<std::uint8_t>(*value);
        text = trimmed(text.substr(size));
    }
    constexpr std::size_t fewest = 3;
    if (words < fewest || !parse_class(line.words[0])) return std::nullopt;
    return line;
}

void put_script_line(const ScriptLine& line, Said& said) {
    if (const auto code = parse_class(line.words[0])) said.class_code.say(*code);
    put_device(line.words[1], line.words[2], said);
    put_subsystem(line.words[3], line.words[4], said);
    if (line.revision) said.revision.say(*line.revision);
    if (line.interface) said.interface.say(*line.interface);
}

std::optional<pci::Address> parse_record_begin(std::string_view text) {
    for (const std::string_view key : {"Slot:", "Device:"})
        if (text.starts_with(key)) return pci::Address::parse(trimmed(text.substr(key.size())));
    return std::nullopt;
}

bool take_record_line(std::string_view text, Record& record, Said& said) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const auto key = text.substr(0, colon);
    const auto value = trimmed(text.substr(colon + 1));
    if (key == "Class") {
        if (const auto code = parse_class(value)) said.class_code.say(*code);
    } else if (key == "Vendor") {
        record.vendor = value.substr(0, longest_name);
    } else if (key == "Device") {
        put_device(record.vendor, value, said);
    } else if (key == "SVendor") {
        record.subsystem_vendor = value.substr(0, longest_name);
    } else if (key == "SDevice") {
        put_subsystem(record.subsystem_vendor, value, said);
    } else if (key == "Rev") {
        say_byte(value, said.revision);
    } else if (key == "ProgIf") {
        say_byte(value, said.interface);
    } else if (key == "Driver") {
        said.driver.say(std::string{value.substr(0, longest_name)});
    } else if (key == "NUMANode") {
        say_number(value, last_group, said.numa_node);
    } else if (key == "IOMMUGroup") {
        say_number(value, last_group, said.group);
    } else {
        return key == "Module" || key == "PhySlot" || key == "DTNode";
    }
    return true;
}

}  // namespace tenon::capture::listing
