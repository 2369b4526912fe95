#include "managed/libvirt/board.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "managed/libvirt/wanted.hpp"

namespace tenon::managed::libvirt {
namespace {

bool is_on(const Element& element) { return element.attribute("state") == "on"; }

void machine(const Element& domain, said::Configuration& to) {
    const auto type = domain.child("os").child("type");
    const auto name = type.attribute("machine");
    to.machine.add("type", {.text = name.empty() ? "pc" : std::string{name},
                            .place = type ? type.place() : domain.place()});
    to.accelerator.add("accel", {.text = domain.attribute("type") == "qemu" ? "tcg" : "kvm",
                                 .place = domain.place()});
    const auto irqchip = domain.child("features").child("ioapic");
    if (irqchip.attribute("driver") == "qemu")
        to.machine.add("kernel-irqchip", {.text = "split", .place = irqchip.place()});
}

void firmware(const Element& domain, said::Configuration& to) {
    const auto os = domain.child("os");
    const auto loader = os.child("loader");
    const auto path = loader.text();
    const bool flash = os.attribute("firmware") == "efi" || loader.attribute("type") == "pflash" ||
                       path.contains("OVMF") || path.contains("edk2");
    if (flash)
        to.firmware = said::Firmware::Flash;
    else if (!path.empty())
        to.firmware = said::Firmware::Other;
    for (const auto& info : domain.children("sysinfo"))
        for (const auto& entry : info.children("entry"))
            if (entry.attribute("name") == "opt/ovmf/X-PciMmio64Mb") to.mmio_window = true;
}

// virt-manager and its like note which system it is for.
bool is_windows(const Element& domain) {
    for (const auto& part : domain.child("metadata").children())
        if (part.child("os").attribute("id").contains("microsoft.com")) return true;
    return false;
}

void address_width(const Element& width, said::Option& cpu) {
    if (!width) return;
    const bool host = width.attribute("mode") == "passthrough";
    if (host) cpu.properties.add("host-phys-bits", {.text = "on", .place = width.place()});
    if (host && width.has("limit"))
        cpu.properties.add("host-phys-bits-limit", width.value("limit"));
    if (!host && width.has("bits")) cpu.properties.add("phys-bits", width.value("bits"));
}

void enlightenments(const Element& features, said::Option& cpu) {
    const auto hyperv = features.child("hyperv");
    if (hyperv.attribute("mode") == "passthrough")
        cpu.properties.add("hv-passthrough", {.text = "on", .place = hyperv.place()});
    for (const auto& one : hyperv.children()) {
        auto name = fmt::format("hv-{}", one.name());
        std::ranges::replace(name, '_', '-');
        if (is_on(one))
            cpu.properties.add(
                std::move(name),
                {.text = one.has("value") ? std::string{one.attribute("value")} : "on",
                 .place = one.place()});
    }
    const auto hidden = features.child("kvm").child("hidden");
    if (is_on(hidden)) cpu.properties.add("kvm", {.text = "off", .place = hidden.place()});
}

void processor(const Element& domain, said::Configuration& to) {
    const auto cpu = domain.child("cpu");
    const auto mode = cpu.attribute("mode");
    const auto model = cpu.child("model").text();
    said::Option option = make_option("qemu64", "", cpu ? cpu : domain);
    if (!cpu) option.origin = "no <cpu>, so qemu64";
    if (mode == "host-passthrough")
        option.type = "host";
    else if (mode == "maximum")
        option.type = "max";
    else if (mode == "host-model")
        option.type = "host-model";
    else if (!model.empty())
        option.type = std::string{model};
    const auto width = cpu.child("maxphysaddr");
    // libvirt takes the width of the host along with its model.
    if (mode == "host-model" && !width)
        option.properties.add("host-phys-bits", {.text = "on", .place = option.place});
    address_width(width, option);
    for (const auto& feature : cpu.children("feature")) {
        const auto policy = feature.attribute("policy");
        const bool off = policy == "disable" || policy == "forbid";
        option.properties.add(std::string{feature.attribute("name")},
                              {.text = off ? "off" : "on", .place = feature.place()});
    }
    if (const auto vendor = cpu.child("vendor"))
        option.properties.add(
            "vendor", {.text = vendor.text() == "AMD" ? "AuthenticAMD" : std::string{vendor.text()},
                       .place = vendor.place()});
    enlightenments(domain.child("features"), option);
    to.cpus.push_back(std::move(option));
}

void memory(const Element& domain, said::Configuration& to) {
    const auto element = domain.child("memory");
    const auto add = [&](const char* name, const Element& from) {
        if (const auto bytes = read_size(from))
            to.memory.add(name, {.text = fmt::format("{}b", *bytes), .place = from.place()});
    };
    add("size", element);
    const auto most = domain.child("maxMemory");
    add("maxmem", most);
    if (most.has("slots")) to.memory.add("slots", most.value("slots"));
}

}  // namespace

void read_board(const Element& domain, said::Configuration& to) {
    machine(domain, to);
    firmware(domain, to);
    processor(domain, to);
    memory(domain, to);
    to.windows = is_windows(domain);
}

std::optional<std::uint64_t> read_size(const Element& element) {
    struct Unit {
        std::string_view name;
        std::uint64_t bytes;
    };
    static constexpr auto units = std::to_array<Unit>({{"b", 1},
                                                       {"bytes", 1},
                                                       {"KB", 1000},
                                                       {"k", 1024},
                                                       {"K", 1024},
                                                       {"KiB", 1024},
                                                       {"MB", 1'000'000},
                                                       {"M", std::uint64_t{1} << 20},
                                                       {"MiB", std::uint64_t{1} << 20},
                                                       {"GB", 1'000'000'000},
                                                       {"G", std::uint64_t{1} << 30},
                                                       {"GiB", std::uint64_t{1} << 30},
                                                       {"TB", 1'000'000'000'000},
                                                       {"T", std::uint64_t{1} << 40},
                                                       {"TiB", std::uint64_t{1} << 40}});
    const auto name = element.has("unit") ? element.attribute("unit") : "KiB";
    const auto unit = std::ranges::find(units, name, &Unit::name);
    const auto number = said::parse_size(element.text(), 1);
    if (unit == units.end() || !number ||
        *number > std::numeric_limits<std::uint64_t>::max() / unit->bytes)
        return std::nullopt;
    return *number * unit->bytes;
}

void read_lock_limit(const Element& domain, said::Configuration& to) {
    constexpr std::uint64_t for_others = std::uint64_t{1} << 30;
    if (const auto limit = domain.child("memtune").child("hard_limit")) {
        if (const auto bytes = read_size(limit))
            to.lock_limit = {.bytes = *bytes,
                             .is_said = true,
                             .note = {.place = limit.place(),
                                      .word = fmt::format("{}{}", limit.tag(), limit.text()),
                                      .what = {}}};
        return;
    }
    const auto memory = domain.child("memory");
    const auto bytes = read_size(memory);
    if (domain.child("memoryBacking").child("locked") || !bytes) return;
    const auto functions =
        static_cast<std::uint64_t>(std::ranges::count_if(to.devices, [](const said::Option& one) {
            return said::is_assigned(one) && !one.origin.empty();
        }));
    if (functions == 0) return;
    // Only a vIOMMU of its own is counted, whatever is handed to QEMU beside.
    const auto times = domain.child("devices").child("iommu") ? functions : 1;
    if (*bytes > (std::numeric_limits<std::uint64_t>::max() - for_others) / times) return;
    to.lock_limit = {.bytes = *bytes * times + for_others,
                     .is_said = false,
                     .note = {.place = memory.place(),
                              .word = fmt::format("{}{}", memory.tag(), memory.text()),
                              .what = {}}};
}

}  // namespace tenon::managed::libvirt
