#include "managed/traps/libvirt_words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "managed/libvirt/xml.hpp"
#include "managed/qemu/property_types.hpp"

namespace tenon::managed::traps {
namespace {

using libvirt::escaped;

// A property of QEMU and the attribute that libvirt has for it.
struct Row {
    std::string_view property;
    std::string_view attribute;
};

constexpr auto of_viommus = std::to_array<Row>({{"intremap", "intremap"},
                                                {"caching-mode", "caching_mode"},
                                                {"eim", "eim"},
                                                {"device-iotlb", "iotlb"},
                                                {"aw-bits", "aw_bits"},
                                                {"dma-translation", "dma_translation"}});
constexpr auto of_ports =
    std::to_array<Row>({{"chassis", "chassis"}, {"port", "port"}, {"hotplug", "hotplug"}});

template <std::size_t Count>
const Row* find(const std::array<Row, Count>& rows, std::string_view property) {
    const auto row = std::ranges::find(rows, property, &Row::property);
    return row == rows.end() ? nullptr : &*row;
}

template <std::size_t Count>
bool has_all(const std::array<Row, Count>& rows, const std::vector<Change>& changes) {
    return std::ranges::all_of(changes,
                               [&](const Change& one) { return find(rows, one.name) != nullptr; });
}

// The attributes of what is said and of what changes.
template <std::size_t Count>
std::string attributes(const std::array<Row, Count>& rows, const said::Option& device,
                       const std::vector<Change>& changes) {
    std::string text;
    for (const auto& row : rows) {
        const auto change = std::ranges::find(changes, row.property, &Change::name);
        const auto* const own = device.properties.find(row.property);
        const std::string_view value = change != changes.end() ? change->value
                                       : own != nullptr        ? std::string_view{own->text}
                                                               : std::string_view{};
        if (!value.empty()) text += fmt::format(" {}='{}'", row.attribute, escaped(value));
    }
    return text;
}

// The number of a bus of libvirt: of "pci.3" 3, of the root 0.
unsigned bus_number(std::string_view name) {
    unsigned number = 0;
    if (name.starts_with("pci."))
        std::from_chars(name.data() + 4, name.data() + name.size(), number);
    return number;
}

std::string address(unsigned bus, unsigned slot, unsigned function) {
    return fmt::format(
        "<address type='pci' domain='0x0000' bus='0x{:02x}' slot='0x{:02x}' "
        "function='0x{:x}'/>",
        bus, slot, function);
}

std::string_view type_of(std::string_view driver, const Change& change) {
    if (change.value.empty()) return "remove";
    switch (qemu::type_of_property(driver, change.name).value_or(said::ValueKind::Text)) {
        case said::ValueKind::Number:
            return "unsigned";
        case said::ValueKind::Flag:
            return "bool";
        case said::ValueKind::Text:
        case said::ValueKind::Nested:
            break;
    }
    return "string";
}

std::vector<std::string> overriding(const said::Option& device,
                                    const std::vector<Change>& changes) {
    std::vector<std::string> lines{
        "<qemu:override xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
        fmt::format("  <qemu:device alias='{}'>", escaped(device.id)), "    <qemu:frontend>"};
    for (const auto& change : changes) {
        const auto type = type_of(device.type, change);
        const auto value =
            type == "bool" ? (change.value == "on" ? "true" : "false") : change.value;
        lines.push_back(fmt::format(
            "      <qemu:property name='{}' type='{}'{}/>", escaped(change.name), type,
            type == "remove" ? std::string{} : fmt::format(" value='{}'", escaped(value))));
    }
    for (const auto* const end : {"    </qemu:frontend>", "  </qemu:device>", "</qemu:override>"})
        lines.emplace_back(end);
    return lines;
}

std::string_view model_of_viommu(const said::Option& device) {
    if (device.type == "intel-iommu") return "intel";
    return device.type == "amd-iommu" ? "amd" : "virtio";
}

std::vector<std::string> hostdev(const said::Option& device, std::string_view place) {
    std::vector<std::string> lines{"<hostdev mode='subsystem' type='pci' managed='yes'>"};
    if (const auto host = said::host_of(device))
        lines.push_back(
            fmt::format("  <source><address domain='0x{:04x}' bus='0x{:02x}' "
                        "slot='0x{:02x}' function='0x{:x}'/></source>",
                        host->domain, host->bus, host->device, host->function));
    std::string rom;
    if (const auto* const bar = device.properties.find("rombar"))
        rom += fmt::format(" bar='{}'", bar->text == "0" ? "off" : "on");
    if (const auto* const file = device.properties.find("romfile"))
        rom += file->text.empty() ? std::string{" enabled='no'"}
                                  : fmt::format(" file='{}'", escaped(file->text));
    if (!rom.empty()) lines.push_back(fmt::format("  <rom{}/>", rom));
    if (device.properties.find("iommufd") != nullptr)
        lines.emplace_back("  <driver iommufd='yes'/>");
    lines.push_back(fmt::format("  {}", place));
    lines.emplace_back("</hostdev>");
    return lines;
}

// The numbers of buses that nobody names yet, from that of a device on, so that what two findings
// propose goes together.
class NewBuses {
public:
    NewBuses(const Case& of, std::size_t device) {
        for (const auto& one : of.configuration.devices)
            last_ = std::max({last_, bus_number(one.id), bus_number(one.properties.text("bus"))});
        std::size_t before = 0;
        for (const auto& one : of.assigned())
            if (one.device < device) ++before;
        last_ += static_cast<unsigned>(before);
    }

    unsigned next() { return ++last_; }

private:
    unsigned last_ = 0;
};

}  // namespace

std::vector<std::string> libvirt_device(const Case& of, std::size_t device,
                                        const std::vector<Change>& changes) {
    const auto& option = of.option(device);
    if (option.origin.empty())  // Of <qemu:commandline>.
        return libvirt_arguments({"-device", option_words(option, "driver", changes)});
    if (guest::is_viommu(option.type) && has_all(of_viommus, changes))
        return {fmt::format("<iommu model='{}'>", model_of_viommu(option)),
                fmt::format("  <driver{}/>", attributes(of_viommus, option, changes)), "</iommu>"};
    const auto kind = guest::kind_of(option.type);
    const bool port =
        kind == guest::DriverKind::RootPort || kind == guest::DriverKind::DownstreamPort;
    if (port && has_all(of_ports, changes))
        return {fmt::format("<controller type='pci' index='{}' model='{}'>", bus_number(option.id),
                            kind == guest::DriverKind::RootPort ? "pcie-root-port"
                                                                : "pcie-switch-downstream-port"),
                fmt::format("  <target{}/>", attributes(of_ports, option, changes)),
                "</controller>"};
    if (changes.size() == 1 && changes.front().name == "iommufd")
        return {
            fmt::format("<driver iommufd='{}'/>", changes.front().value.empty() ? "no" : "yes")};
    const auto* const node = of.tree.find(device);
    if (changes.size() == 1 && changes.front().name == "addr" && node != nullptr)
        return {address(bus_number(option.properties.text("bus")),
                        changes.front().value == "0x0" ? 0 : node->slot, 0)};
    return overriding(option, changes);
}

std::vector<std::string> libvirt_cpu(const std::vector<Change>& changes) {
    std::vector<std::string> lines;
    std::string limit;
    for (const auto& [name, value] : changes)
        if (name == "host-phys-bits-limit") limit = fmt::format(" limit='{}'", escaped(value));
    for (const auto& [name, value] : changes) {
        if (name == "host-phys-bits")
            lines.push_back(fmt::format("<maxphysaddr mode='passthrough'{}/>", limit));
        else if (name == "kvm")
            lines.emplace_back("<kvm><hidden state='off'/></kvm>");
        else if (name == "hv-vendor-id")
            lines.emplace_back("<hyperv><vendor_id state='off'/></hyperv>");
        else if (name == "hypervisor")
            lines.emplace_back("<feature policy='require' name='hypervisor'/>");
    }
    return lines;
}

std::vector<std::string> libvirt_machine(std::string_view name, std::string_view value) {
    if (name == "kernel-irqchip") return {"<ioapic driver='qemu'/>"};
    if (name == "type")
        return {fmt::format("<type arch='x86_64' machine='{}'>hvm</type>", escaped(value))};
    return {};
}

std::vector<std::string> libvirt_ports(const Case& of,
                                       const std::vector<const Assigned*>& functions) {
    std::vector<std::string> lines;
    if (functions.empty()) return lines;
    NewBuses buses{of, functions.front()->device};
    for (const auto* const one : functions) {
        const auto bus = buses.next();
        lines.push_back(
            fmt::format("<controller type='pci' index='{}' model='pcie-root-port'/>", bus));
        std::ranges::move(hostdev(*one->option, address(bus, 0, 0)), std::back_inserter(lines));
    }
    return lines;
}

std::vector<std::string> libvirt_arguments(const std::vector<std::string>& words) {
    std::vector<std::string> lines;
    for (const auto& word : words)
        lines.push_back(fmt::format("<qemu:arg value='{}'/>", escaped(word)));
    return lines;
}

}  // namespace tenon::managed::traps
