#include "managed/traps/words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/shell.hpp"
#include "base/text.hpp"
#include "managed/traps/libvirt_words.hpp"

namespace tenon::managed::traps {
namespace {

using said::Form;
using said::Manager;
using said::Properties;
using said::ValueKind;

// What an option says with the changes: those of a name that is there take its place.
Properties changed(const Properties& from, const std::vector<Change>& changes) {
    Properties to;
    const auto change_of = [&](std::string_view name) {
        return std::ranges::find(changes, name, &Change::name);
    };
    for (const auto& [name, value] : from.all()) {
        const auto change = change_of(name);
        if (from.find(name) != &value) continue;  // A later one of its name counts.
        if (change == changes.end()) {
            to.add(name, value);
        } else if (!change->value.empty()) {
            to.add(name, {.text = std::string{change->value}, .place = {}, .kind = value.kind});
        }
    }
    for (const auto& change : changes)
        if (from.find(change.name) == nullptr && !change.value.empty())
            to.add(std::string{change.name}, {.text = std::string{change.value}});
    return to;
}

std::string with_commas(std::string_view text) {
    std::string all;
    for (const char letter : text)
        all += letter == ',' ? std::string{",,"} : std::string{letter};
    return all;
}

std::string keys_text(const said::Option& device, const Properties& properties) {
    auto text = with_commas(device.type);
    if (!device.id.empty()) text += fmt::format(",id={}", with_commas(device.id));
    for (const auto& [name, value] : properties.all())
        text += fmt::format(",{}={}", name, with_commas(value.text));
    return text;
}

std::string json_text(std::string_view type, const said::Option& device,
                      const Properties& properties) {
    using Json = nlohmann::ordered_json;
    Json json = Json::object();
    json[std::string{type}] = device.type;
    if (!device.id.empty()) json["id"] = device.id;
    for (const auto& [name, value] : properties.all()) {
        auto& member = json[name];
        if (value.kind == ValueKind::Text)
            member = value.text;
        else if (value.kind == ValueKind::Flag)
            member = value.text == "on";
        else  // As it came from JSON.
            member = Json::parse(value.text, nullptr, false);
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A device of the manager's own is reached by its id from what is handed to QEMU.
std::vector<std::string> proxmox_arguments(const std::string& id,
                                           const std::vector<Change>& changes) {
    std::string text = "args:";
    for (const auto& change : changes)
        text += fmt::format(" -set device.{}.{}={}", id, change.name, change.value);
    return {text};
}

// Numbers of hostpciN: a function keeps its own, unless it was one of several of that line.
class NumberedSlots {
public:
    explicit NumberedSlots(const Case& of) {
        for (const auto& one : of.assigned())
            if (const auto number = number_of(*one.option)) said_.insert(*number);
    }

    unsigned of(const Assigned& one) {
        const auto own = number_of(*one.option);
        if (own && given_.insert(*own).second) return *own;
        unsigned number = 0;
        while (said_.contains(number) || given_.contains(number))
            ++number;
        given_.insert(number);
        return number;
    }

private:
    static std::optional<unsigned> number_of(const said::Option& option) {
        constexpr std::string_view name = "hostpci";
        if (!option.id.starts_with(name)) return std::nullopt;
        const std::string_view rest = std::string_view{option.id}.substr(name.size());
        const auto number = said::parse_number(rest.substr(0, rest.find('.')));
        if (!number || *number > 255) return std::nullopt;
        return static_cast<unsigned>(*number);
    }

    std::set<unsigned> said_;
    std::set<unsigned> given_;
};

// "hostpci1: 01:00,rombar=0,pcie=1" in its parts.
struct SlotLine {
    std::string devices;  // "01:00", "mapping=gpu"
    std::string words;    // ",rombar=0"
    bool express = false;
};

SlotLine read_slot_line(const Assigned& one) {
    SlotLine line{.devices = one.name(), .words = {}};
    const std::string_view said = one.option->origin;
    const auto colon = said.find(": ");
    if (!said.starts_with("hostpci") || colon == std::string_view::npos) return line;
    for (const auto part : split(said.substr(colon + 2), ',')) {
        const bool named = part.contains('=');
        if (!named || part.starts_with("host=") || part.starts_with("mapping="))
            line.devices = part.substr(part.starts_with("host=") ? 5 : 0);
        else if (part.starts_with("pcie="))
            line.express = part == "pcie=1" || said::parse_flag(part.substr(5)).value_or(false);
        else
            line.words += fmt::format(",{}", part);
    }
    return line;
}

// Lines by which each function has a port of its own. One that is not behind a port yet takes the
// others of its line along; of one that is, they are taken apart.
std::vector<std::string> proxmox_slots(const Case& of,
                                       const std::vector<const Assigned*>& functions) {
    std::vector<std::string> lines;
    NumberedSlots slots{of};
    std::set<std::string_view> told;
    for (const auto* const one : functions) {
        auto line = read_slot_line(*one);
        // Words of a line are for its first function.
        const bool first = told.insert(one->option->origin).second;
        if ((line.express || !first) && one->host) line.devices = to_string(*one->host);
        lines.push_back(fmt::format("hostpci{}: {},pcie=1{}", slots.of(*one), line.devices,
                                    first ? line.words : std::string{}));
    }
    return lines;
}

// Names and chassis that nobody has yet.
class NewPorts {
public:
    // Numbers from that of a device on, so that what two findings propose goes together.
    NewPorts(const Case& of, std::size_t device)
        : of_{of}, number_{device}, chassis_{100 + device % 150} {}

    std::pair<std::string, std::uint64_t> next() {
        std::string name;
        do
            name = fmt::format("port{}", number_++);
        while (is_taken(name));
        while (chassis_is_taken(chassis_))
            ++chassis_;
        return {name, chassis_++};
    }

private:
    bool is_taken(std::string_view name) const {
        return std::ranges::any_of(of_.configuration.devices,
                                   [&](const said::Option& one) { return one.id == name; });
    }

    bool chassis_is_taken(std::uint64_t chassis) const {
        return std::ranges::any_of(of_.configuration.devices, [&](const said::Option& one) {
            return said::parse_number(one.properties.text("chassis")) == chassis;
        });
    }

    const Case& of_;
    std::size_t number_;
    std::uint64_t chassis_;
};

// A port in the form of the device that goes behind it: those of JSON come after all others.
std::string new_port(Form form, std::string_view name, std::uint64_t chassis) {
    if (form != Form::Json)
        return fmt::format("pcie-root-port,id={},bus=pcie.0,chassis={}", name, chassis);
    return fmt::format(R"({{"driver":"pcie-root-port","id":"{}","bus":"pcie.0","chassis":{}}})",
                       name, chassis);
}

}  // namespace

std::string option_words(const said::Option& device, std::string_view type,
                         const std::vector<Change>& changes) {
    const auto properties = changed(device.properties, changes);
    return device.form == Form::Json ? json_text(type, device, properties)
                                     : keys_text(device, properties);
}

std::string option_text(std::string_view option, const said::Option& device,
                        const std::vector<Change>& changes) {
    const auto* const type = option == "-object" ? "qom-type" : "driver";
    return fmt::format("{} {}", option, shell_word(option_words(device, type, changes)));
}

std::vector<std::string> add_option(const Case& of, std::string_view option,
                                    const std::string& word) {
    switch (of.configuration.manager) {
        case Manager::Qemu:
            return {fmt::format("{} {}", option, shell_word(word))};
        case Manager::Proxmox:
            return {fmt::format("args: {} {}", option, shell_word(word))};
        case Manager::Libvirt:
            return libvirt_arguments({std::string{option}, word});
        case Manager::KubeVirt:
            break;
    }
    return {};
}

std::vector<std::string> change_device(const Case& of, std::size_t device,
                                       const std::vector<Change>& changes) {
    const auto& option = of.option(device);
    if (of.configuration.manager == Manager::KubeVirt) return {};
    if (of.configuration.manager == Manager::Libvirt) return libvirt_device(of, device, changes);
    if (of.configuration.manager == Manager::Proxmox && !option.id.empty() &&
        option.form != Form::Json)
        return proxmox_arguments(option.id, changes);
    if (option.form == Form::ConfigFile && !option.id.empty()) {
        std::vector<std::string> lines;
        for (const auto& change : changes)
            lines.push_back(
                fmt::format("-set device.{}.{}={}", option.id, change.name, change.value));
        return lines;
    }
    return {option_text("-device", option, changes)};
}

std::vector<std::string> change_cpu(const Case& of, const std::vector<Change>& changes) {
    const auto manager = of.configuration.manager;
    if (manager == Manager::Proxmox) return {};
    if (manager == Manager::KubeVirt)
        return std::ranges::find(changes, "kvm", &Change::name) == changes.end()
                   ? std::vector<std::string>{}
                   : std::vector<std::string>{"features: {kvm: {hidden: false}}"};
    const auto* const cpu = of.configuration.cpu();
    // One that is handed to QEMU beside libvirt's has QEMU's words.
    const bool handed = cpu != nullptr && cpu->origin.empty();
    if (manager == Manager::Libvirt && !handed) return libvirt_cpu(changes);
    said::Option option{.type = cpu == nullptr ? "host" : cpu->type, .id = {}};
    if (cpu != nullptr) option.properties = cpu->properties;
    const auto text = keys_text(option, changed(option.properties, changes));
    if (manager == Manager::Libvirt) return libvirt_arguments({"-cpu", text});
    return {fmt::format("-cpu {}", shell_word(text))};
}

std::vector<std::string> change_machine(const Case& of, std::string_view name,
                                        std::string_view value) {
    if (of.configuration.manager == Manager::Proxmox)
        return {fmt::format("args: -machine {}={}", name, value)};
    if (of.configuration.manager == Manager::KubeVirt)
        return name == "type" ? std::vector{fmt::format("machine: {{type: {}}}", value)}
                              : std::vector<std::string>{};
    if (of.configuration.manager == Manager::Libvirt) return libvirt_machine(name, value);
    said::Option machine{.type = std::string{of.configuration.machine.text("type")}, .id = {}};
    for (const auto& [key, one] : of.configuration.machine.all())
        if (key != "type") machine.properties.add(key, one);
    const auto properties = changed(machine.properties, {{.name = name, .value = value}});
    auto text = keys_text(machine, properties);
    if (text.starts_with(',')) text.erase(0, 1);
    return {fmt::format("-machine {}", shell_word(text))};
}

std::vector<std::string> own_ports(const Case& of, const std::vector<const Assigned*>& functions) {
    std::vector<std::string> lines;
    if (of.configuration.manager == Manager::Proxmox) return proxmox_slots(of, functions);
    if (functions.empty() || of.configuration.manager == Manager::KubeVirt) return lines;
    if (of.configuration.manager == Manager::Libvirt) return libvirt_ports(of, functions);
    NewPorts ports{of, functions.front()->device};
    for (const auto* const one : functions) {
        const auto [name, chassis] = ports.next();
        lines.push_back(
            fmt::format("-device {}", shell_word(new_port(one->option->form, name, chassis))));
        lines.push_back(option_text("-device", *one->option,
                                    {{.name = "bus", .value = name},
                                     {.name = "addr", .value = "0x0"},
                                     {.name = "multifunction", .value = ""}}));
    }
    return lines;
}

}  // namespace tenon::managed::traps
