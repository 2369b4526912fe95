#include "managed/emit/proxmox.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "base/shell.hpp"
#include "managed/emit/words.hpp"

namespace tenon::managed::emit {
namespace {

constexpr std::size_t most_slots = 16;  // hostpci0 to hostpci15
constexpr unsigned width_of_ports = 32;
constexpr std::string_view rom_folder = "/usr/share/kvm/";
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

// Where the port of hostpciN is on the root bus.
std::pair<unsigned, unsigned> place_of(unsigned n) {
    if (n < 4) return {0x1c, n};
    if (n < 12) return {0x10, n - 4};
    return {0x11, n - 12};
}

// Where a function of hostpciN is that is behind no port.
unsigned conventional_slot_of(unsigned n) {
    static constexpr std::array<unsigned, 4> first{0x10, 0x11, 0x1b, 0x1c};
    return n < first.size() ? first.at(n) : 0xd + n - static_cast<unsigned>(first.size());
}

// A name that a line of key=value can have.
bool is_plain(std::string_view text) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    return !text.empty() && text.find_first_not_of(plain) == std::string_view::npos;
}

bool loses_atomics(const Port& port) {
    return port.functions.size() > 1 &&
           std::ranges::any_of(port.functions, &Function::completes_atomics);
}

class Adapter {
public:
    explicit Adapter(Machine machine) : machine_{std::move(machine)} {}

    Machine adapt() {
        drop_ports();
        if (machine_.place == Place::RootBus) {
            lack(
                "the functions are behind ports: Proxmox puts them onto the root bus for old "
                "Windows alone");
            machine_.place = Place::Port;
            if (std::ranges::any_of(machine_.ports, loses_atomics))
                lack(
                    "AtomicOps: the ports of slots with several functions complete none, as QEMU "
                    "has them for a function that is alone");
        }
        unsigned n = 0;
        for (auto& port : machine_.ports)
            place(port, n++);
        if (moved_)
            lack(
                "the ports are where Proxmox has them, at 1c.0 to 1c.3 for hostpci0 to hostpci3, "
                "then from 10.0 on: not where they were planned");
        viommu();
        if (machine_.narrowed && machine_.address_bits)
            lack(
                "the guest's addresses have as many bits as the host's processors, not {}: to say "
                "so, Proxmox would need a -cpu of its own, which takes the place of cpu:",
                *machine_.address_bits);
        machine_.address_bits.reset();
        return std::move(machine_);
    }

private:
    template <typename... Parts>
    void lack(fmt::format_string<Parts...> format, Parts&&... parts) {
        machine_.lacks.push_back(fmt::format(format, std::forward<Parts>(parts)...));
    }

    void drop_ports() {
        std::vector<Port> kept;
        for (auto& port : machine_.ports) {
            if (port.functions.empty())
                lack("the port {} is left out: Proxmox has ports for its own devices alone",
                     port.name);
            else if (kept.size() == most_slots)
                lack("the port {} is left out with what is in its slot: Proxmox has 16 at most",
                     port.name);
            else
                kept.push_back(std::move(port));
        }
        machine_.ports = std::move(kept);
    }

    void place(Port& port, unsigned n) {
        if (machine_.place == Place::Port) {
            const auto [slot, function] = place_of(n);
            moved_ = moved_ || slot != port.slot || function != port.function;
            port.slot = slot;
            port.function = function;
            port.shares_device = true;  // As its files say, of each.
        } else {
            port.slot = conventional_slot_of(n);
        }
        for (unsigned number = 0; number < port.functions.size(); ++number)
            this->function(port.functions[number], number, port.functions.size() > 1);
    }

    void function(Function& one, unsigned number, bool several) {
        if (one.number != number)
            lack("{} is function {} of its slot instead of {}: Proxmox leaves no gaps", one.host,
                 number, one.number);
        one.number = number;
        if (std::exchange(one.iommufd, false)) iommufd_ = true;
        if (one.pasid_at)
            lack("{} shows no PASID, which needs iommufd: Proxmox has none", one.host);
        one.pasid_at.reset();
        // -set finds no device whose name has a dot, as those of several have.
        if (several)
            for (const auto& extra : extras(one))
                lack(
                    "{}={} of {} is left out: Proxmox can set it of a function that is alone in "
                    "its slot",
                    extra.name, extra.value, one.host);
        if (several) {
            one.ats = Ats::Auto;
            one.msix_bar.reset();
            one.vf_token.clear();
        }
        rom(one, number);
    }

    void rom(Function& one, unsigned number) {
        if (one.rom != Rom::Device && number != 0) {
            lack("{} shows the ROM that the device has: Proxmox has a word for function 0 alone",
                 one.host);
            one.rom = Rom::Device;
        }
        if (one.rom != Rom::File) return;
        auto name = one.rom_file.substr(one.rom_file.rfind('/') + 1);
        if (!is_plain(name)) name = one.id + ".rom";
        auto path = fmt::format("{}{}", rom_folder, name);
        if (path != one.rom_file)
            lack("copy {} to {}: Proxmox takes ROMs from there alone", one.rom_file, path);
        one.rom_file = std::move(path);
    }

    void viommu() {
        if (iommufd_) lack("functions go through their groups: Proxmox knows no iommufd");
        if (!machine_.viommu) return;
        auto& one = *machine_.viommu;
        if (!one.interrupt_remapping)
            lack("the vIOMMU remaps interrupts: Proxmox always has that switched on");
        one.interrupt_remapping = true;
        if (one.first_stage)
            lack("the vIOMMU has no first-stage tables and no PASIDs, which need iommufd");
        one.first_stage = false;
        one.pasid_bits = 0;
    }

    Machine machine_;
    bool iommufd_ = false;
    bool moved_ = false;
};

class ConfigWriter {
public:
    explicit ConfigWriter(const Machine& machine) : from_{machine} {}

    std::string write() {
        board();
        memory();
        unsigned n = 0;
        for (const auto& port : from_.ports)
            slot(port, n++);
        if (!arguments_.empty()) line("args", fmt::format("{}", fmt::join(arguments_, " ")));
        return comment() + text_;
    }

private:
    void line(std::string_view key, std::string_view value) {
        text_ += fmt::format("{}: {}\n", key, value);
    }

    void argument(std::string_view option, std::string_view value) {
        arguments_.push_back(fmt::format("{} {}", option, shell_word(value)));
    }

    std::string comment() const {
        return comment_lines({"The guest of Tenon's plan under Proxmox VE. Firmware, disks and "
                              "network are yours to add"},
                             "# ", "# ") +
               comment_lines(comments(from_, {}), "# - ", "#   ");
    }

    void board() {
        std::string machine{board_of(from_)};
        if (from_.viommu) {
            machine += fmt::format(",viommu=intel,aw-bits={}", from_.viommu->address_bits);
            if (from_.viommu->device_tlb) argument("-global", "intel-iommu.device-iotlb=on");
            for (const auto& one : extras(*from_.viommu))
                argument("-global", fmt::format("intel-iommu.{}={}", one.name, one.value));
        }
        line("machine", machine);
        line("cpu", "host");
        line("cores", std::to_string(from_.processors));
        // Memory is locked for devices: a balloon gives nothing back.
        line("balloon", "0");
        line("vga", "serial0");
        line("serial0", "socket");
        if (const auto hole = hole_size(from_))
            argument("-global", fmt::format("{}.pci-hole64-size={}", host_bridge_of(from_),
                                            size_words(*hole)));
    }

    void memory() {
        const auto& memory = from_.memory;
        const auto size = (memory.size + mebibyte - 1) / mebibyte;
        line("memory", std::to_string(size));
        if (memory.page == 0 && !memory.node) return;
        line("numa", "1");
        if (memory.page != 0) line("hugepages", std::to_string(memory.page / mebibyte));
        if (memory.node)
            line("numa0",
                 fmt::format("cpus=0{},hostnodes={},memory={},policy={}",
                             from_.processors > 1 ? fmt::format("-{}", from_.processors - 1)
                                                  : std::string{},
                             *memory.node, size, memory.strict ? "bind" : "preferred"));
    }

    void slot(const Port& port, unsigned n) {
        std::vector<std::string> hosts;
        for (const auto& one : port.functions)
            hosts.push_back(address_words(one));
        const auto& first = port.functions.front();
        auto value = fmt::format("{}", fmt::join(hosts, ";"));
        if (from_.place == Place::Port) value += ",pcie=1";
        if (first.rom == Rom::None) value += ",rombar=0";
        if (first.rom == Rom::File)
            value += fmt::format(",romfile={}", first.rom_file.substr(rom_folder.size()));
        line(fmt::format("hostpci{}", n), value);
        for (const auto& one : extras(first))
            argument("-set", fmt::format("device.hostpci{}.{}={}", n, one.name, one.value));
        if (from_.place == Place::Port) port_arguments(port, n);
    }

    // What the ports that are there have otherwise.
    void port_arguments(Port port, unsigned n) {
        if (port.speed == speed_of_ports) port.speed.reset();
        if (port.width && width_words(*port.width) == width_of_ports) port.width.reset();
        const auto set = [&](std::string_view name, std::string_view value) {
            argument("-set", fmt::format("device.ich9-pcie-port-{}.{}={}", n + 1, name, value));
        };
        for (const auto& one : extras(port))
            set(one.name, one.value);
        if (!port.hotplug) set("hotplug", "off");
    }

    const Machine& from_;
    std::string text_;
    std::vector<std::string> arguments_;
};

}  // namespace

Machine as_proxmox_has_it(Machine machine) { return Adapter{std::move(machine)}.adapt(); }

std::string proxmox_config(const Machine& machine) {
    const auto adapted = as_proxmox_has_it(machine);
    return ConfigWriter{adapted}.write();
}

}  // namespace tenon::managed::emit
