#include "model/machine_plan.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bitset>
#include <iterator>
#include <set>

#include "model/machine_version.hpp"
#include "model/memory_plan.hpp"
#include "model/root_port.hpp"
#include "model/slot.hpp"
#include "model/windows.hpp"
#include "pci/header.hpp"
#include "pci/pasid.hpp"

namespace tenon::model {
namespace {

// The host bridge takes device 0 of bus 0; 31 devices of 8 functions each are left.
constexpr std::size_t devices_for_ports = 31;
constexpr std::size_t most_ports = devices_for_ports * 8;

Result<const MachineVersion*> find_version(const std::string& name) {
    if (const auto* const version = find_machine_version(name)) return version;
    std::vector<std::string_view> names;
    for (const auto& known : machine_versions())
        names.push_back(known.name);
    return malformed("machine version \"{}\" is not known; known: {}", name,
                     fmt::join(names, ", "));
}

// Ports in the order they were named, then one for each device that names none.
class Topology {
public:
    explicit Topology(const MachineVersion& version) : version_{version} {}

    Result<void> add_named(const std::vector<PortRequest>& requests) {
        for (const auto& request : requests) {
            if (find(request.name) != nullptr)
                return malformed("port {} is given twice", request.name);
            ports_.push_back(make(request));
        }
        return {};
    }

    Result<PortPlan*> port_for(const DeviceRequest& device) {
        if (device.port.empty()) return add_own();
        if (auto* const port = find(device.port)) return port;
        ports_.push_back(make({.name = device.port}));
        return &ports_.back();
    }

    std::vector<PortPlan> take() { return std::move(ports_); }

private:
    PortPlan* find(const std::string& name) {
        const auto port = std::ranges::find(ports_, name, &PortPlan::name);
        return port == ports_.end() ? nullptr : &*port;
    }

    PortPlan* add_own() {
        std::string name;
        do {
            name = fmt::format("rp{}", next_own_++);
        } while (find(name) != nullptr);
        ports_.push_back(make({.name = name}));
        return &ports_.back();
    }

    PortPlan make(const PortRequest& request) const {
        return {.name = request.name,
                .rules = {.version = version_.name,
                          .atomics = choose(request.atomics, version_.defaults.atomics.value,
                                            origin_of(version_)),
                          .express_version = request.express_version,
                          .hotplug = choose(request.hotplug, version_.defaults.hotplug.value,
                                            origin_of(version_))},
                .reserve = {.memory = request.memory, .prefetchable = request.prefetchable}};
    }

    const MachineVersion& version_;

    std::vector<PortPlan> ports_;
    std::size_t next_own_ = 0;
};

// The function's number in its slot: as asked, or the first that is free.
Result<unsigned> number_in_slot(const PortPlan& port, const DeviceRequest& device) {
    std::bitset<8> taken;
    for (const auto& function : port.functions)
        taken.set(function.view.function);
    if (device.function) {
        if (*device.function > 7)
            return malformed("{}: function {} is none of 0 to 7", device.id, *device.function);
        if (taken[*device.function])
            return malformed("{}: function {} of port {} is taken by another device", device.id,
                             *device.function, port.name);
        return *device.function;
    }
    for (unsigned number = 0; number < taken.size(); ++number)
        if (!taken[number]) return number;
    return malformed("{}: port {} has eight functions already", device.id, port.name);
}

// The guest's IOMMU: what is said of it, without one being there yet.
Result<Property<unsigned>> choose_viommu(const MachineVersion& version,
                                         std::optional<unsigned> width) {
    if (width && *width > pci::pasid::most_width)
        return malformed("a PASID of {} bits: it has {} at most", *width, pci::pasid::most_width);
    return choose(width, version.defaults.viommu_pasid_width.value, origin_of(version));
}

PropertyReport report_viommu(const MachineVersion& version, const Property<unsigned>& width) {
    const bool any = width.value != 0;
    return {
        .name = "viommu",
        .value = any ? fmt::format("pasid={}", width.value) : "none",
        .origin = width.origin,
        .version = std::string{version.name},
        .effect = any ? "PASID is shown as if the guest had an IOMMU that takes it; there is none"
                      : "the guest has no IOMMU",
        .change = any ? "" : "--viommu pasid, for plans and experiments"};
}

Result<void> add_device(Topology& topology, const MachineVersion& version,
                        const Property<unsigned>& viommu, DeviceRequest device) {
    TENON_TRY(port, topology.port_for(device), "");
    TENON_TRY(number, number_in_slot(*port, device), "");
    if (const auto& offset = device.keys.pasid_offset; offset && *offset)
        TENON_TRY_DO(check_pasid_offset(**offset), device.id);
    auto properties = choose_properties(version, device.keys);
    properties.viommu_pasid_width = viommu.value;
    properties.interface = device.access.interface;
    FunctionPlan function{.view = build_function_view(device.facts, properties, device.rom),
                          .facts = std::move(device.facts),
                          .access = device.access,
                          .rom = std::move(device.rom),
                          .reset_choice = properties.reset};
    function.access.resets = properties.reset.value != ResetChoice::None;
    function.view.id = std::move(device.id);
    function.view.function = number;
    port->functions.push_back(std::move(function));
    return {};
}

// Addresses on the guest's buses; slot numbers begin at 1.
void place_ports(std::vector<PortPlan>& ports) {
    for (std::size_t n = 0; n < ports.size(); ++n) {
        auto& port = ports[n];
        port.guest = {.device = static_cast<std::uint8_t>(1 + n % devices_for_ports),
                      .function = static_cast<std::uint8_t>(n / devices_for_ports)};
        port.secondary_bus = static_cast<std::uint8_t>(n + 1);
        std::ranges::sort(port.functions, {},
                          [](const FunctionPlan& function) { return function.view.function; });
        port.slot_number = static_cast<unsigned>(n + 1);
        port.shares_device = port.guest.function == 0 && n + devices_for_ports < ports.size();
    }
}

// Ports that share a device number share its pins.
void place_pins(MachinePlan& plan) {
    std::vector<std::uint8_t> devices;
    for (const auto& port : plan.ports)
        if (std::ranges::find(devices, port.guest.device) == devices.end())
            devices.push_back(port.guest.device);
    plan.intx = intx_routes(devices);
}

// Of one host, as far as that can be told: files of one name.
bool same_host(const device::DeviceFacts& one, const device::DeviceFacts& other) {
    if (one.origin != other.origin) return false;
    const auto file = [](const device::DeviceFacts& facts) {
        return std::string_view{facts.source}.substr(0, facts.source.rfind('#'));
    };
    return one.origin == device::Origin::Live || file(one) == file(other);
}

std::vector<pci::Address> of_same_host(const std::vector<PortPlan>& ports,
                                       const device::DeviceFacts& facts) {
    std::vector<pci::Address> addresses;
    for (const auto& port : ports)
        for (const auto& function : port.functions)
            if (function.facts.address && same_host(function.facts, facts))
                addresses.push_back(*function.facts.address);
    return addresses;
}

// After all functions are known: a bus reset is for all of them or for none.
void settle_resets(const MachineVersion& version, std::vector<PortPlan>& ports) {
    for (auto& port : ports)
        for (auto& function : port.functions) {
            auto& view = function.view;
            if (!view.guest_view) continue;
            auto outcome = decide_reset(function.facts,
                                        {.vendor = view.vendor,
                                         .device = view.device,
                                         .class_code = view.class_code,
                                         .revision = view.revision},
                                        function.reset_choice, version.name,
                                        of_same_host(ports, function.facts));
            function.reset = std::move(outcome.plan);
            view.properties.push_back(std::move(outcome.report));
            std::ranges::move(outcome.warnings, std::back_inserter(view.warnings));
            std::ranges::move(outcome.refusals, std::back_inserter(view.reasons));
            view.assignable = view.reasons.empty();
        }
}

void check_slots(const std::vector<PortPlan>& ports, std::vector<Reason>& problems) {
    for (const auto& port : ports) {
        if (port.functions.empty() || port.functions.front().view.function == 0) continue;
        problems.push_back(
            {.what = fmt::format("port {} has no function 0, without which a guest does not look "
                                 "for the others",
                                 port.name),
             .remedy = fmt::format("give one of its devices function=0 (now: {})",
                                   port.functions.front().view.function),
             .commands = {}});
    }
}

}  // namespace

pci::ConfigImage FunctionPlan::start() const {
    auto image = view.map.start;
    for (const auto& bar : view.bars) {
        const auto address = bar_address[bar.index];
        if (address == 0) continue;
        const auto at = bar.index == device::rom_region
                            ? pci::header::rom_address
                            : pci::header::bar0 + std::size_t{4} * bar.index;
        image.write<std::uint32_t>(at, image.read32(at) | static_cast<std::uint32_t>(address));
        if (bar.kind == pci::BarKind::Memory64)
            image.write<std::uint32_t>(at + 4, static_cast<std::uint32_t>(address >> 32));
    }
    return image;
}

bool MachinePlan::assignable() const {
    return problems.empty() && std::ranges::all_of(ports, [](const PortPlan& port) {
               return std::ranges::all_of(port.functions, [](const FunctionPlan& function) {
                   return function.view.assignable;
               });
           });
}

Result<MachinePlan> make_plan(MachineRequest request) {
    TENON_TRY(version, find_version(request.version), "");
    TENON_TRY(viommu, choose_viommu(*version, request.viommu_pasid_width), "");
    Topology topology{*version};
    TENON_TRY_DO(topology.add_named(request.ports), "");
    std::set<std::string> ids;
    std::size_t number = 0;
    for (auto& device : request.devices) {
        if (device.id.empty()) device.id = fmt::format("dev{}", number);
        ++number;
        if (!ids.insert(device.id).second) return malformed("id {} is given twice", device.id);
        TENON_TRY_DO(add_device(topology, *version, viommu, std::move(device)), "");
    }

    MachinePlan plan{.version = std::move(request.version),
                     .properties = {report_viommu(*version, viommu)},
                     .proposals = std::move(request.proposals),
                     .ports = topology.take()};
    if (plan.ports.size() > most_ports)
        return malformed("{} root ports: a guest's root bus has room for {}", plan.ports.size(),
                         most_ports);
    place_ports(plan.ports);
    place_pins(plan);
    plan.interrupts = sum_interrupts(plan.ports, request.processors);
    check_slots(plan.ports, plan.problems);
    settle_resets(*version, plan.ports);

    plan.vcpus = request.vcpus;
    plan.physical_bits = request.physical_bits;
    auto& addresses = plan.addresses;
    plan.memory = plan_memory(request.memory, addresses, plan.ports);
    check_memory(plan.memory, plan.ports, plan.physical_bits, plan.problems);
    addresses.last_bus = static_cast<std::uint8_t>(plan.ports.size());
    addresses.ecam.size = (std::uint64_t{addresses.last_bus} + 1) << 20;
    plan.memory64_needed =
        place_bars(plan.ports, addresses,
                   {.memory_end = memory_end(plan.memory), .physical_bits = plan.physical_bits},
                   plan.problems);

    if (request.limits) {
        const std::uint32_t parts = plan.memory.size > addresses.low_memory_end ? 2 : 1;
        plan.dma = make_dma_budgets(*request.limits, request.interfaces, plan.memory.size, parts);
        for (const auto& budget : plan.dma)
            std::ranges::move(problems_of(budget), std::back_inserter(plan.problems));
    }

    plan.host_bridge = build_host_bridge();
    for (auto& port : plan.ports)
        settle(port);
    return plan;
}

}  // namespace tenon::model
