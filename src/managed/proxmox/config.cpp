#include "managed/proxmox/config.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "managed/proxmox/known_keys.hpp"
#include "managed/qemu/shell_words.hpp"

namespace tenon::managed::proxmox {
namespace {

using said::Form;
using said::Manager;
using said::Mistake;
using said::Option;
using said::Place;
using said::Properties;
using said::Value;

constexpr unsigned most_devices = 16;

struct Line {
    std::string_view key;
    std::string_view value;
    Place place;

    std::string word() const { return fmt::format("{}: {}", key, value); }
};

bool is_key(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
               letter == '-' || letter == '_';
    });
}

std::optional<Line> read_line(std::string_view text, const Place& place) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !is_key(text.substr(0, colon))) return std::nullopt;
    return Line{
        .key = text.substr(0, colon), .value = trimmed(text.substr(colon + 1)), .place = place};
}

// "first,key=value": no comma is ever part of a value.
Properties read_properties(const Line& line, std::string_view implied) {
    Properties properties;
    for (const auto part : split(line.value, ',')) {
        const auto equals = part.find('=');
        const bool named = equals != std::string_view::npos;
        properties.add(
            std::string{named ? part.substr(0, equals) : implied},
            {.text = std::string{named ? part.substr(equals + 1) : part}, .place = line.place});
    }
    return properties;
}

bool is_on(const Properties& properties, std::string_view name, bool otherwise = false) {
    const auto* const value = properties.find(name);
    if (value == nullptr) return otherwise;
    return value->text == "1" || said::parse_flag(value->text).value_or(false);
}

class Reader {
public:
    Reader(std::string_view file, const qemu::ReadFile& read_file,
           const SlotFunctions& functions_of)
        : read_file_{read_file}, functions_of_{functions_of} {
        to_.manager = Manager::Proxmox;
        to_.name = std::string{file};
        to_.default_devices = false;
    }

    Result<said::Configuration> read(std::string_view text) {
        TENON_TRY_DO(take_lines(text), "");
        machine();
        if (model_ == "intel") viommu("intel-iommu");
        if (q35_) ports();
        display();
        balloon();
        for (const auto& line : devices_)
            device(line);
        if (model_ == "virtio") viommu("virtio-iommu-pci");
        cpu();
        if (const auto* const line = find("args")) arguments(*line);
        return std::move(to_);
    }

private:
    Result<void> take_lines(std::string_view text) {
        if (text.size() > qemu::longest_input)
            return malformed("{}: more than {}", to_.name, format_size(qemu::longest_input));
        Place place{.file = to_.name};
        for (const auto whole : split(text, '\n')) {
            ++place.line;
            const auto trimmed_line = trimmed(whole);
            if (trimmed_line.starts_with('[')) break;  // A snapshot, or what is not yet in effect.
            if (trimmed_line.empty() || trimmed_line.starts_with('#')) continue;
            const auto line = read_line(trimmed_line, place);
            if (!line) {
                note(place, trimmed_line, "is no line of key: value");
                continue;
            }
            take_line(*line);
        }
        if (lines_.empty() && devices_.empty())
            return malformed("{}: not one line of a guest's configuration", to_.name);
        std::ranges::sort(devices_, {}, [](const Line& line) {
            return number_of(line.key, "hostpci").value_or(0);
        });
        return {};
    }

    void take_line(const Line& line) {
        if (const auto number = number_of(line.key, "hostpci"); number && *number < most_devices) {
            // The last line of a key counts.
            std::erase_if(devices_,
                          [&](const Line& one) { return number_of(one.key, "hostpci") == number; });
            devices_.push_back(line);
            return;
        }
        if (!is_known_key(line.key))
            return note(line.place, line.key, "is no key that is known here");
        if (lines_.size() < said::most_options) lines_.push_back(line);
    }

    void note(const Place& place, std::string_view word, std::string what) {
        if (to_.unknown.size() < said::most_notes)
            to_.unknown.push_back(
                {.place = place, .word = std::string{word}, .what = std::move(what)});
    }

    void refuse(const Line& line, std::string what) {
        to_.mistakes.push_back(
            {.kind = Mistake::Kind::Syntax,
             .note = {.place = line.place, .word = line.word(), .what = std::move(what)}});
    }

    // The last line of a key counts.
    const Line* find(std::string_view key) const {
        const auto found = std::find_if(lines_.rbegin(), lines_.rend(),
                                        [&](const Line& line) { return line.key == key; });
        return found == lines_.rend() ? nullptr : &*found;
    }

    std::string_view text_of(std::string_view key) const {
        const auto* const line = find(key);
        return line == nullptr ? std::string_view{} : line->value;
    }

    void machine() {
        const Line none{.key = "machine", .value = "pc", .place = {.file = to_.name}};
        const auto* const line = find("machine");
        const auto properties = read_properties(line == nullptr ? none : *line, "type");
        const auto* const type = properties.find("type");
        to_.machine.add("type", type == nullptr ? Value{.text = "pc"} : *type);
        to_.accelerator.add("accel", {.text = text_of("kvm") == "0" ? "tcg" : "kvm"});
        q35_ = said::board_of(to_) == said::Board::Q35;
        model_ = properties.text("viommu");
        width_ = properties.text("aw-bits");
        machine_ = line;
        if (model_ == "intel") to_.machine.add("kernel-irqchip", {.text = "split"});
        if (text_of("bios") == "ovmf") to_.firmware = said::Firmware::Flash;
        to_.windows = text_of("ostype").starts_with('w');
        if (const auto* const memory = find("memory"))
            to_.memory.add("size", *read_properties(*memory, "size").find("size"));
        const auto* const pages = find("hugepages");
        if (pages != nullptr && text_of("numa") != "1") refuse(*pages, "needs numa: 1 as well");
    }

    Option& add(std::string type, std::string id, Form form) {
        to_.devices.push_back({.type = std::move(type), .id = std::move(id), .form = form});
        to_.devices.back().place.file = to_.name;
        return to_.devices.back();
    }

    static void say(Option& option, std::string name, std::string value) {
        option.properties.add(std::move(name), {.text = std::move(value), .place = option.place});
    }

    void viommu(std::string type) {
        auto& option = add(std::move(type), "", Form::Keys);
        option.place = machine_->place;
        option.origin = machine_->word();
        if (option.type != "intel-iommu") return;
        say(option, "intremap", "on");
        say(option, "caching-mode", "on");
        if (!width_.empty()) say(option, "aw-bits", std::string{width_});
    }

    // The root ports and the conventional buses that every q35 of Proxmox has, and those that
    // hostpci4 and on want. Source: pve-q35-4.0.cfg, PCI.pm.
    void ports() {
        for (unsigned number = 1; number <= 4; ++number)
            port(number, fmt::format("1c.{}", number - 1));
        auto& bridge = add("i82801b11-bridge", "pcidmi", Form::ConfigFile);
        say(bridge, "bus", "pcie.0");
        say(bridge, "addr", "1e.0");
        for (const auto& [name, slot] : {std::pair{"pci.0", "1.0"}, std::pair{"pci.2", "3.0"}}) {
            auto& conventional = add("pci-bridge", name, Form::ConfigFile);
            say(conventional, "bus", "pcidmi");
            say(conventional, "addr", slot);
        }
        for (const auto& line : devices_) {
            const auto number = *number_of(line.key, "hostpci") + 1;
            const bool express = is_on(read_properties(line, "host"), "pcie");
            if (number > 4 && express && number <= 12)
                port(number, fmt::format("10.{}", number - 5));
            if (number > 12 && express) port(number, fmt::format("11.{}", number - 13));
        }
    }

    void port(unsigned number, std::string address) {
        auto& option =
            add("pcie-root-port", fmt::format("ich9-pcie-port-{}", number), Form::ConfigFile);
        say(option, "bus", "pcie.0");
        say(option, "addr", std::move(address));
        say(option, "multifunction", "on");
        say(option, "x-speed", "16");
        say(option, "x-width", "32");
        say(option, "port", std::to_string(number));
        say(option, "chassis", std::to_string(number));
    }

    bool wants_vga() const {
        return std::ranges::any_of(devices_, [](const Line& line) {
            return is_on(read_properties(line, "host"), "x-vga");
        });
    }

    void display() {
        const auto* const line = find("vga");
        const auto chosen = line == nullptr
                                ? std::string{}
                                : std::string{read_properties(*line, "type").text("type")};
        if (wants_vga() || chosen == "none" || chosen.starts_with("serial")) return;
        const auto type = chosen.starts_with("qxl")      ? "qxl-vga"
                          : chosen.starts_with("virtio") ? "virtio-vga"
                          : chosen == "vmware"           ? "vmware-svga"
                                                         : "VGA";
        auto& option = add(type, "vga", Form::Keys);
        say(option, "bus", q35_ ? "pcie.0" : "pci.0");
        say(option, "addr", q35_ ? "0x1" : "0x2");
    }

    void balloon() {
        const auto* const line = find("balloon");
        if (line != nullptr && line->value == "0") return;
        auto& option = add("virtio-balloon-pci", "balloon0", Form::Keys);
        if (line != nullptr) option.place = line->place;
        option.origin = line != nullptr ? line->word() : "no balloon: 0";
        say(option, "bus", "pci.0");
        say(option, "addr", "0x3");
        say(option, "free-page-reporting", "on");
    }

    void device(const Line& line) {
        const auto properties = read_properties(line, "host");
        const bool express = is_on(properties, "pcie");
        if (express && !q35_) return refuse(line, "wants pcie=1, which only the machine q35 has");
        if (is_on(properties, "legacy-igd")) {
            if (q35_) return refuse(line, "wants legacy-igd=1, which only the machine pc has");
            if (text_of("vga") != "none")
                return refuse(line, "wants legacy-igd=1, which needs vga: none as well");
        }
        if (const auto type = properties.text("mdev"); !type.empty())
            return mediated(line, express);
        std::vector<std::string> hosts;
        bool several = false;
        for (const auto part : split(properties.text("host"), ';'))
            add_hosts(line, std::string{trimmed(part)}, hosts, several);
        several = several || hosts.size() > 1;
        constexpr std::size_t most_functions = 8;
        hosts.resize(std::min(hosts.size(), most_functions));
        for (std::size_t n = 0; n < hosts.size(); ++n) {
            auto& option = placed(line, express, several ? std::optional{n} : std::nullopt);
            if (!hosts[n].empty()) say(option, "host", hosts[n]);
            if (n == 0) first_alone(option, properties, several);
        }
    }

    // A function, or all of a slot.
    void add_hosts(const Line& line, std::string name, std::vector<std::string>& hosts,
                   bool& several) {
        if (name.contains('.') || name.empty()) return hosts.push_back(std::move(name));
        const auto slot = said::parse_host_address(name + ".0");
        const auto functions = slot && functions_of_ ? functions_of_(*slot) : std::nullopt;
        if (functions && !functions->empty()) {
            for (const auto& function : *functions)
                hosts.push_back(to_string(function));
            return;
        }
        several = true;
        note(line.place, line.word(), "is all functions of a slot, which only the host knows");
        hosts.push_back(name + ".0");
    }

    Option& placed(const Line& line, bool express, std::optional<std::size_t> function) {
        const auto number = *number_of(line.key, "hostpci");
        const auto part = function ? fmt::format(".{}", *function) : std::string{};
        static constexpr std::array<std::string_view, 4> slots{"0x10", "0x11", "0x1b", "0x1c"};
        const bool first = number < slots.size();
        std::string bus = first ? "pci.0" : "pci.2";
        std::string slot =
            first ? std::string{slots[number]} : fmt::format("{:#x}", 0xd + number - slots.size());
        if (!express && is_on(read_properties(line, "host"), "legacy-igd")) {
            bus = "pci.0";
            slot = "0x2";
        } else if (express && text_of("ostype") == "win7") {
            bus = "pcie.0";
            slot = fmt::format("{:#x}", 0x10 + number);
        } else if (express) {
            bus = fmt::format("ich9-pcie-port-{}", number + 1);
            slot = "0x0";
        } else if (!q35_ && !first) {
            bridge_of_pc();
        }
        auto& option = add("vfio-pci", fmt::format("hostpci{}{}", number, part), Form::Keys);
        option.place = line.place;
        option.origin = line.word();
        say(option, "bus", std::move(bus));
        say(option, "addr", slot + part);
        return option;
    }

    // The bus of hostpci4 and on of a pc; made in front of all.
    void bridge_of_pc() {
        if (std::ranges::find(to_.devices, "pci.2", &Option::id) != to_.devices.end()) return;
        Option bridge{.type = "pci-bridge", .id = "pci.2", .form = Form::Keys};
        bridge.place.file = to_.name;
        say(bridge, "bus", "pci.0");
        say(bridge, "addr", "0x1f");
        to_.devices.insert(to_.devices.begin(), std::move(bridge));
    }

    void first_alone(Option& option, const Properties& properties, bool several) const {
        if (several) say(option, "multifunction", "on");
        if (properties.find("rombar") != nullptr && !is_on(properties, "rombar"))
            say(option, "rombar", "0");
        if (const auto file = properties.text("romfile"); !file.empty())
            say(option, "romfile", fmt::format("/usr/share/kvm/{}", file));
        if (is_on(properties, "x-vga") && to_.firmware != said::Firmware::Flash)
            say(option, "x-vga", "on");
        for (const auto* const name : {"vendor-id", "device-id", "sub-vendor-id", "sub-device-id"})
            if (const auto id = properties.text(name); !id.empty())
                say(option, fmt::format("x-pci-{}", name), std::string{id});
    }

    void mediated(const Line& line, bool express) {
        auto& option = placed(line, express, std::nullopt);
        // Its id comes of the guest's number; any will do to know it for one.
        say(option, "sysfsdev", "/sys/bus/mdev/devices/00000000-0000-0000-0000-000000000000");
    }

    void cpu() {
        const auto* const line = find("cpu");
        const Line none{.key = "cpu", .value = "kvm64", .place = {.file = to_.name}};
        const auto properties = read_properties(line == nullptr ? none : *line, "cputype");
        Option option{.type = std::string{properties.text("cputype")},
                      .id = {},
                      .place = line == nullptr ? none.place : line->place};
        option.origin = line == nullptr ? "no cpu: line, so kvm64" : line->word();
        if (option.type.empty()) option.type = "kvm64";
        for (const auto flag : split(properties.text("flags"), ';'))
            if (flag.size() > 1)
                say(option, std::string{flag.substr(1)}, flag[0] == '+' ? "on" : "off");
        const auto bits = properties.text("phys-bits");
        if (bits == "host") say(option, "host-phys-bits", "on");
        if (!bits.empty() && bits != "host") say(option, "phys-bits", std::string{bits});
        if (is_on(properties, "hidden")) say(option, "kvm", "off");
        for (const auto& device : devices_)
            if (is_on(read_properties(device, "host"), "x-vga"))
                option.properties.add("kvm", {.text = "off", .place = device.place});
        to_.cpus.push_back(std::move(option));
    }

    // What stands at the end of the command as it is.
    void arguments(const Line& line) {
        auto words = qemu::split_words(line.value, line.place);
        if (!words) return refuse(line, words.error().what);
        qemu::read_options(*words, read_file_, to_);
    }

    const qemu::ReadFile& read_file_;
    const SlotFunctions& functions_of_;
    said::Configuration to_;
    std::vector<Line> lines_;
    std::vector<Line> devices_;
    const Line* machine_ = nullptr;
    bool q35_ = false;
    std::string model_;
    std::string width_;
};

}  // namespace

bool is_config(std::string_view text) {
    for (const auto whole : split(text.substr(0, qemu::longest_input), '\n')) {
        const auto line = trimmed(whole);
        if (line.empty() || line.starts_with('#')) continue;
        const auto read = read_line(line, {});
        return read && (read->value.empty() || line[read->key.size() + 1] == ' ');
    }
    return false;
}

Result<said::Configuration> read_config(std::string_view text, std::string_view file,
                                        const qemu::ReadFile& read_file,
                                        const SlotFunctions& functions_of) {
    return Reader{file, read_file, functions_of}.read(text);
}

}  // namespace tenon::managed::proxmox
