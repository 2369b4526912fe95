#include "capture/listing/body_line.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"
#include "capture/listing/capability_line.hpp"
#include "capture/listing/header_line.hpp"
#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text = trimmed(text.substr(prefix.size()));
    return true;
}

void say_number(Stated<unsigned>& fact, std::optional<unsigned> number) {
    if (number) fact.say(*number);
}

// "Flags: bus master, fast devsel, latency 0, IRQ 16, NUMA node 0, IOMMU group 1".
void take_flags(std::string_view line, Said& said) {
    say_number(said.group, number_behind(line, "IOMMU group "));
    say_number(said.numa_node, number_behind(line, "NUMA node "));
    say_number(said.interrupt, number_behind(line, "IRQ "));
}

// "Bus: primary=00, secondary=01, subordinate=02, sec-latency=0".
void take_buses(std::string_view line, Said& said) {
    SaidBuses buses;
    const auto read = [&](std::string_view key, std::uint8_t& number) {
        const auto at = line.find(key);
        if (at == std::string_view::npos) return false;
        const auto value = parse_hex(line.substr(at + key.size(), 2));
        if (value) number = static_cast<std::uint8_t>(*value);
        return value.has_value();
    };
    if (read("primary=", buses.primary) && read("secondary=", buses.secondary) &&
        read("subordinate=", buses.subordinate))
        said.buses.say(buses);
}

}  // namespace

std::optional<bool> flag_in(std::string_view line, std::string_view name) {
    for (auto at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
        const auto end = at + name.size();
        const bool begins = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
        if (!begins || end >= line.size() || (line[end] != '+' && line[end] != '-')) continue;
        return line[end] == '+';
    }
    return std::nullopt;
}

std::optional<unsigned> number_behind(std::string_view line, std::string_view key) {
    const auto at = line.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    const auto rest = trimmed(line.substr(at + key.size()));
    const auto digits = std::ranges::find_if_not(rest, is_digit) - rest.begin();
    const auto value = parse_number(rest.substr(0, static_cast<std::size_t>(digits)));
    if (!value || *value > std::numeric_limits<unsigned>::max()) return std::nullopt;
    return static_cast<unsigned>(*value);
}

bool take_body_line(std::string_view line, BodyPlace& place, Said& said) {
    auto rest = line;
    if (take(rest, "Kernel driver in use:")) {
        if (!rest.empty()) said.driver.say(std::string{rest.substr(0, longest_name)});
    } else if (take(rest, "Subsystem:")) {
        const auto plain = parse_ids(rest.substr(0, 9));
        if (const auto ids = plain ? plain : last_ids(rest)) said.subsystem.say(*ids);
    } else if (line.starts_with("Flags:")) {
        take_flags(line, said);
    } else if (line.starts_with("IOMMU group:")) {
        say_number(said.group, number_behind(line, "IOMMU group:"));
    } else if (line.starts_with("NUMA node:")) {
        say_number(said.numa_node, number_behind(line, "NUMA node:"));
    } else if (line.starts_with("Interrupt: pin ")) {
        say_number(said.interrupt, number_behind(line, "routed to IRQ "));
    } else if (line.starts_with("Bus: primary=")) {
        take_buses(line, said);
    } else if (line.starts_with("Kernel modules:") || line.starts_with("DeviceName:") ||
               line.starts_with("Control: ") || line.starts_with("Status: ") ||
               line.starts_with("Physical Slot:")) {
        return true;
    } else if (!place.in_capabilities && !place.told_before) {
        if (const auto bar = text::parse_decoded_bar(line)) {
            if (said.bars.size() < most_bars) said.bars.push_back(*bar);
            return true;
        }
        return take_capability_line(line, place.in_capabilities, said);
    } else if (!place.told_before) {
        return take_capability_line(line, place.in_capabilities, said);
    } else {
        return line.starts_with("Capabilities: ");
    }
    return true;
}

}  // namespace tenon::capture::listing
