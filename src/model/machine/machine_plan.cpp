#include "model/machine/machine_plan.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>

#include "model/chosen/machine_version.hpp"
#include "model/chosen/target.hpp"
#include "model/machine/firmware_map.hpp"
#include "model/machine/iommu_plan.hpp"
#include "model/machine/memory_plan.hpp"
#include "model/machine/peers.hpp"
#include "model/machine/plan_function.hpp"
#include "model/machine/resets.hpp"
#include "model/machine/windows.hpp"
#include "model/slot/root_port.hpp"
#include "model/slot/slot.hpp"
#include "pci/pasid.hpp"

namespace tenon::model::machine {
namespace {

// The host bridge takes device 0 of bus 0; 31 devices of 8 functions each are left.
constexpr std::size_t devices_for_ports = 31;
constexpr std::size_t most_ports = devices_for_ports * 8;

Result<const chosen::MachineVersion*> find_version(const std::string& name) {
    if (const auto* const version = chosen::find_machine_version(name)) return version;
    if (const auto qemu = chosen::find_target(name)) return &qemu->target->as;
    std::vector<std::string_view> names;
    for (const auto& known : chosen::machine_versions())
        names.push_back(known.name);
    return malformed("machine version \"{}\" is not known; known: {}", name,
                     fmt::join(names, ", "));
}

// Ports in the order they were named, then one for each device that names none.
class Topology {
public:
    explicit Topology(const chosen::MachineVersion& version) : version_{version} {}

    Result<void> add_named(const std::vector<chosen::PortRequest>& requests) {
        for (const auto& request : requests) {
            if (find(request.name) != nullptr)
                return malformed("port {} is given twice", request.name);
            ports_.push_back(make(request));
        }
        return {};
    }

    Result<slot::PortPlan*> port_for(const DeviceRequest& device) {
        if (device.port.empty()) return add_own();
        if (auto* const port = find(device.port)) return port;
        ports_.push_back(make({.name = device.port}));
        return &ports_.back();
    }

    std::vector<slot::PortPlan> take() { return std::move(ports_); }

private:
    slot::PortPlan* find(const std::string& name) {
        const auto port = std::ranges::find(ports_, name, &slot::PortPlan::name);
        return port == ports_.end() ? nullptr : &*port;
    }

    slot::PortPlan* add_own() {
        std::string name;
        do {
            name = fmt::format("rp{}", next_own_++);
        } while (find(name) != nullptr);
        ports_.push_back(make({.name = name}));
        return &ports_.back();
    }

    slot::PortPlan make(const chosen::PortRequest& request) const {
        return {
            .name = request.name,
            .rules = {.version = version_.name,
                      .atomics = chosen::choose(request.atomics, version_.defaults.atomics.value,
                                                chosen::origin_of(version_)),
                      .express_version = request.express_version,
                      .hotplug = chosen::choose(request.hotplug, version_.defaults.hotplug.value,
                                                chosen::origin_of(version_))},
            .reserve = {.memory = request.memory, .prefetchable = request.prefetchable}};
    }

    const chosen::MachineVersion& version_;

    std::vector<slot::PortPlan> ports_;
    std::size_t next_own_ = 0;
};

// Plans each device in the slot that it is to have.
Result<void> seat(Topology& topology, const FunctionRules& rules,
                  std::vector<DeviceRequest>& devices) {
    std::set<std::string> ids;
    std::size_t number = 0;
    for (auto& device : devices) {
        if (device.id.empty()) device.id = fmt::format("dev{}", number);
        ++number;
        if (!ids.insert(device.id).second) return malformed("id {} is given twice", device.id);
        TENON_TRY(port, topology.port_for(device), "");
        TENON_TRY(at, number_in_slot(*port, device), "");
        TENON_TRY(function, plan_function(rules, std::move(device), at), "");
        // In order of their numbers.
        const auto behind = std::ranges::upper_bound(
            port->functions, at, {},
            [](const slot::FunctionPlan& there) { return there.view.function; });
        port->functions.insert(behind, std::move(*function));
    }
    return {};
}

// The guest's IOMMU: what is said of it, without one being there yet.
Result<chosen::Property<unsigned>> choose_viommu(const chosen::MachineVersion& version,
                                                 std::optional<unsigned> width) {
    if (width && *width > pci::pasid::most_width)
        return malformed("a PASID of {} bits: it has {} at most", *width, pci::pasid::most_width);
    return chosen::choose(width, version.defaults.viommu_pasid_width.value,
                          chosen::origin_of(version));
}

// Who shows the functions to the guest, where that is not Tenon.
chosen::PropertyReport report_target(const chosen::TargetChoice& choice) {
    const auto& target = *choice.target;
    return {.name = "target",
            .value = choice.asked,
            .origin = chosen::PropertyOrigin::User,
            .version = std::string{target.as.name},
            .host = {},
            .effect = choice.doubt.empty()
                          ? fmt::format("what {} itself shows its guest", target.as.name)
                          : fmt::format("what {} shows its guest, the nearest whose rules are "
                                        "known; in doubt: {}",
                                        target.as.name, choice.doubt),
            .change = "--target tenon"};
}

chosen::PropertyReport report_viommu(const chosen::MachineVersion& version,
                                     const chosen::Property<unsigned>& width) {
    const bool any = width.value != 0;
    const bool by_qemu = chosen::find_target(version.name).has_value();
    return {.name = "viommu",
            .value = any ? fmt::format("pasid={}", width.value) : "none",
            .origin = width.origin,
            .version = std::string{version.name},
            .effect = !any ? "the guest has no IOMMU"
                      : by_qemu
                          ? "PASID is shown as with intel-iommu,scalable-mode=on,fsts=on"
                          : "PASID is shown as if the guest had an IOMMU that takes it; there is "
                            "none",
            .change = any ? "" : "--viommu pasid, for plans and experiments"};
}

// Addresses on the guest's buses; slot numbers begin at 1.
void place_ports(std::vector<slot::PortPlan>& ports) {
    for (std::size_t n = 0; n < ports.size(); ++n) {
        auto& port = ports[n];
        port.guest = {.device = static_cast<std::uint8_t>(1 + n % devices_for_ports),
                      .function = static_cast<std::uint8_t>(n / devices_for_ports)};
        port.secondary_bus = static_cast<std::uint8_t>(n + 1);
        port.slot_number = static_cast<unsigned>(n + 1);
        port.shares_device = port.guest.function == 0 && n + devices_for_ports < ports.size();
    }
}

// Ports that share a device number share its pins.
std::vector<function::IntxRoute> route_pins(const std::vector<slot::PortPlan>& ports) {
    std::vector<std::uint8_t> devices;
    for (const auto& port : ports)
        if (std::ranges::find(devices, port.guest.device) == devices.end())
            devices.push_back(port.guest.device);
    return function::intx_routes(devices);
}

void check_slots(const std::vector<slot::PortPlan>& ports, std::vector<chosen::Reason>& problems) {
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

// A process maps the guest's memory, which is in a file for that; devices of the host reach the
// same.
void note_memory_file(std::vector<slot::PortPlan>& ports, const MemoryRequest& memory) {
    if (memory.page != 0) return;
    const auto any = [&](bool process) {
        return std::ranges::any_of(ports, [&](const auto& port) {
            return std::ranges::any_of(port.functions, [&](const slot::FunctionPlan& function) {
                return function.backend.has_value() == process;
            });
        });
    };
    if (!any(true) || !any(false)) return;
    for (auto& port : ports)
        for (auto& function : port.functions)
            if (function.backend)
                function.view.warnings.emplace_back(
                    "guest memory is in a file for it: where the host gives such files no huge "
                    "pages (shmem_enabled), assigned devices reach it in pages of 4 KiB; "
                    "hugepages=2M behind the size of --memory mends that");
}

}  // namespace

bool MachinePlan::assignable() const {
    return problems.empty() && std::ranges::all_of(ports, [](const auto& port) {
               return std::ranges::all_of(port->functions, [](const slot::FunctionPlan& function) {
                   return function.view.assignable;
               });
           });
}

namespace {

// Only what the guest's IOMMU remaps has a destination of more than 8 bits.
void check_apic_ids(MachinePlan& plan) {
    const Processors processors{.count = plan.vcpus, .apic_step = plan.apic_step};
    if (processors.short_ids()) return;
    if (plan.iommu && plan.iommu->unit.shape.interrupt_remapping()) return;
    plan.problems.push_back(
        {.what = fmt::format("the last processor has APIC id {}: above {} a guest needs interrupts "
                             "that an IOMMU remaps",
                             processors.highest_apic_id(), last_short_apic_id),
         .remedy = "--viommu vtd, with intremap=on",
         .commands = {}});
}

std::optional<std::uint32_t> mappings_allowed(const std::optional<device::DmaLimits>& limits) {
    if (!limits || !limits->entries) return std::nullopt;
    return *limits->entries;
}

}  // namespace

Result<MachinePlan> make_plan(MachineRequest request) {
    TENON_TRY(version, find_version(request.version), "");
    TENON_TRY(viommu, choose_viommu(*version, request.viommu_pasid_width), "");
    std::optional<TableChoice> tables;
    if (request.vtd) tables = choose_tables(*request.vtd, request.devices);
    const auto pasid_width = tables ? tables->pasid_width : viommu.value;
    std::optional<iommu::TableMode> unit;
    if (tables) unit = tables->mode;
    Topology topology{*version};
    TENON_TRY_DO(topology.add_named(request.ports), "");
    TENON_TRY_DO(seat(topology,
                      {.version = *version,
                       .viommu_pasid_width = pasid_width,
                       .iommu = guest_iommu(unit, pasid_width)},
                      request.devices),
                 "");

    const auto made = std::make_unique<MachinePlan>();
    auto& plan = *made;
    const auto qemu = chosen::find_target(request.version);
    plan.version = version->name;
    if (qemu) plan.properties.push_back(report_target(*qemu));
    if (!request.vtd) plan.properties.push_back(report_viommu(*version, viommu));
    plan.proposals = std::move(request.proposals);
    auto ports = topology.take();
    if (ports.size() > most_ports)
        return malformed("{} root ports: a guest's root bus has room for {}", ports.size(),
                         most_ports);
    place_ports(ports);
    plan.intx = route_pins(ports);
    plan.interrupts =
        sum_interrupts(ports, {.processors = request.processors, .files = request.files});
    check_slots(ports, plan.problems);
    note_memory_file(ports, request.memory);
    settle_resets(ports);

    plan.viommu_pasid_width = pasid_width;
    plan.vcpus = request.vcpus;
    plan.apic_step = request.apic_step;
    plan.firmware = request.firmware;
    plan.physical_bits = request.physical_bits;
    auto& addresses = plan.addresses;
    plan.memory = plan_memory(request.memory, addresses, ports);
    check_memory(plan.memory, ports, plan.physical_bits, plan.problems);
    addresses.last_bus = static_cast<std::uint8_t>(ports.size());
    addresses.ecam.size = (std::uint64_t{addresses.last_bus} + 1) << 20;
    if (plan.firmware) follow_firmware(addresses, ports);
    plan.memory64_needed = place_bars(ports, addresses,
                                      {.memory_end = memory_end(plan.memory),
                                       .physical_bits = plan.physical_bits,
                                       .firmware = plan.firmware},
                                      plan.problems);
    if (plan.firmware) check_for_firmware(plan.vcpus, plan.memory.size, plan.problems);

    if (request.limits) {
        std::uint64_t pieces = 0;
        for (const auto& part : plan.memory.parts)
            pieces += (part.size + dma_mapping_size - 1) / dma_mapping_size;
        plan.dma = make_dma_budgets(*request.limits, request.interfaces, plan.memory.size,
                                    static_cast<std::uint32_t>(pieces),
                                    request.vtd ? containers_behind_iommu(ports) : 1);
        for (const auto& budget : plan.dma)
            std::ranges::move(problems_of(budget), std::back_inserter(plan.problems));
    }

    if (request.vtd)
        plan.iommu = plan_iommu({.request = *request.vtd,
                                 .tables = *tables,
                                 .version = *version,
                                 .physical_bits = plan.physical_bits,
                                 .interfaces = request.interfaces,
                                 .mappings = mappings_allowed(request.limits)},
                                ports, plan.properties, plan.problems);
    check_apic_ids(plan);
    plan.peers = plan_peers(ports);
    if (plan.iommu && plan.peers) restrict_to_memory(*plan.peers);
    plan.host_bridge = slot::build_host_bridge(plan.firmware);
    plan.ports.reserve(ports.size());
    for (auto& port : ports) {
        slot::settle(port);
        plan.ports.push_back(std::make_shared<const slot::PortPlan>(std::move(port)));
    }
    return std::move(plan);
}

}  // namespace tenon::model::machine
