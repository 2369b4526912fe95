#include "vmm/control/query_pci.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pci/header.hpp"
#include "pci/register.hpp"

namespace tenon::vmm::control {
namespace {

using Json = nlohmann::json;
using namespace pci::header;

/// One function's registers.
class Registers {
public:
    Registers(board::PciHost& host, std::uint8_t bus, std::uint8_t devfn)
        : host_{host}, bus_{bus}, devfn_{devfn} {}

    std::uint32_t read(std::size_t offset, unsigned size) const {
        return host_.read(
            {.bus = bus_, .devfn = devfn_, .offset = static_cast<std::uint16_t>(offset)}, size);
    }
    std::uint8_t bus() const { return bus_; }
    std::uint8_t devfn() const { return devfn_; }

private:
    board::PciHost& host_;
    std::uint8_t bus_;
    std::uint8_t devfn_;
};

Json head(const Registers& registers, std::string_view id) {
    const auto device_class = registers.read(class_code + 1, 1) | registers.read(class_code + 2, 1)
                                                                      << 8;
    const auto pin = registers.read(interrupt_pin, 1);
    Json json{
        {"bus", registers.bus()},
        {"slot", registers.devfn() >> 3},
        {"function", registers.devfn() & 7},
        {"class_info", {{"class", device_class}}},
        {"id",
         {{"vendor", registers.read(vendor_id, 2)}, {"device", registers.read(device_id, 2)}}},
        {"irq_pin", pin},
        {"qdev_id", id},
        {"regions", Json::array()}};
    if (pin != 0) json["irq"] = registers.read(interrupt_line, 1);
    return json;
}

// The BAR as the guest has placed it; one that does not decode has no address.
Json region(const Registers& registers, const model::function::BarPlan& bar) {
    const bool io = bar.kind == pci::BarKind::Io;
    const bool wide = bar.kind == pci::BarKind::Memory64;
    const bool rom = bar.index == device::rom_region;
    const auto at = rom ? rom_address : bar0 + std::size_t{bar.index} * 4;
    const auto low = registers.read(at, 4);
    const bool decodes =
        (registers.read(command, 2) & (io ? 1 : 2)) != 0 && (!rom || (low & 1) != 0);
    const std::uint64_t address = (low & (io    ? ~3u
                                          : rom ? ~0x7ffu
                                                : ~0xfu)) |
                                  (wide ? std::uint64_t{registers.read(at + 4, 4)} << 32 : 0);
    Json json{{"bar", bar.index},
              {"type", io ? "io" : "memory"},
              {"address", decodes ? static_cast<std::int64_t>(address) : -1},
              {"size", bar.size ? *bar.size : 0}};
    if (!io) {
        json["prefetch"] = bar.prefetchable;
        json["mem_type_64"] = wide;
    }
    return json;
}

Json range(std::uint64_t base, std::uint64_t limit) { return {{"base", base}, {"limit", limit}}; }

Json bridge(const Registers& port) {
    const auto upper = [&](std::size_t at) { return std::uint64_t{port.read(at, 4)} << 32; };
    const auto granules = [&](std::size_t at) {
        return std::uint64_t{port.read(at, 2) & pci::WindowAddress::mask} << 16;
    };
    constexpr std::uint64_t granule_end = 0xf'ffff;
    return {
        {"bus",
         {{"number", port.read(primary_bus, 1)},
          {"secondary", port.read(secondary_bus, 1)},
          {"subordinate", port.read(subordinate_bus, 1)},
          {"io_range", range((port.read(io_base, 1) & pci::IoWindowAddress::mask) << 8,
                             (port.read(io_limit, 1) & pci::IoWindowAddress::mask) << 8 | 0xfff)},
          {"memory_range", range(granules(memory_base), granules(memory_limit) | granule_end)},
          {"prefetchable_range",
           range(granules(prefetchable_base) | upper(prefetchable_base_upper),
                 granules(prefetchable_limit) | upper(prefetchable_limit_upper) | granule_end)}}}};
}

Json assigned(const Registers& registers, const model::slot::FunctionPlan& function,
              const Json& planned) {
    auto json = head(registers, function.view.id);
    for (const auto& bar : function.view.bars)
        json["regions"].push_back(region(registers, bar));
    json["tenon"] = planned;
    return json;
}

// The JSON of the function with this id.
Json find_planned(const Json& port, std::string_view id) {
    if (!port.is_object()) return nullptr;
    for (const auto& function : port.value("functions", Json::array()))
        if (function.value("id", "") == id) return function;
    return nullptr;
}

Json behind(board::PciHost& host, const model::slot::PortPlan& port, std::uint8_t bus,
            const DescribePort& describe) {
    auto functions = Json::array();
    // Without a bus number the guest has not got to it yet, and nothing behind it answers.
    if (bus == 0 || port.functions.empty()) return functions;
    const auto planned = Json::parse(describe(port), nullptr, false);
    for (const auto& function : port.functions)
        functions.push_back(assigned(Registers{host, bus, function.guest.devfn()}, function,
                                     find_planned(planned, function.view.id)));
    return functions;
}

}  // namespace

Json query_pci(board::PciHost& host,
               std::span<const std::shared_ptr<const model::slot::PortPlan>> ports,
               const DescribePort& describe) {
    auto devices = Json::array();
    devices.push_back(head(Registers{host, 0, 0}, ""));
    for (const auto& port : ports) {
        const Registers registers{host, 0, port->guest.devfn()};
        auto json = head(registers, port->name);
        json["pci_bridge"] = bridge(registers);
        const auto secondary = static_cast<std::uint8_t>(registers.read(secondary_bus, 1));
        json["pci_bridge"]["devices"] = behind(host, *port, secondary, describe);
        devices.push_back(std::move(json));
    }
    return Json::array({{{"bus", 0}, {"devices", std::move(devices)}}});
}

}  // namespace tenon::vmm::control
