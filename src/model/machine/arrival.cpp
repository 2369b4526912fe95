#include "model/machine/arrival.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/chosen/machine_version.hpp"
#include "model/machine/iommu_plan.hpp"
#include "model/machine/plan_function.hpp"
#include "model/machine/resets.hpp"
#include "model/machine/windows.hpp"
#include "model/slot/slot.hpp"

namespace tenon::model::machine {
namespace {

Result<std::size_t> find_port(const RunningMachine& machine, const DeviceRequest& device) {
    const auto& ports = machine.ports;
    const auto found =
        device.port.empty()
            ? std::ranges::find_if(ports,
                                   [](const auto& port) {
                                       return port->functions.empty() && port->rules.hotplug.value;
                                   })
            : std::ranges::find_if(ports,
                                   [&](const auto& port) { return port->name == device.port; });
    if (found == ports.end() && device.port.empty())
        return std::unexpected(
            Error{.kind = Error::Kind::NotFound,
                  .what = fmt::format("{}: no slot of this machine is empty", device.id),
                  .hint = "Start it with one more --port NAME for each device to come"});
    if (found == ports.end())
        return fail(Error::Kind::NotFound, "{}: this machine has no port {}", device.id,
                    device.port);
    if (!(*found)->rules.hotplug.value)
        return malformed("{}: port {} has hotplug=off: nothing comes to it while the guest runs",
                         device.id, (*found)->name);
    return static_cast<std::size_t>(found - ports.begin());
}

Result<void> choose_id(const RunningMachine& machine, DeviceRequest& device) {
    const auto taken = [&](const std::string& id) {
        return std::ranges::any_of(machine.ports, [&](const auto& port) {
            return port->name == id ||
                   std::ranges::any_of(port->functions, [&](const slot::FunctionPlan& function) {
                       return function.view.id == id;
                   });
        });
    };
    for (unsigned n = 0; device.id.empty(); ++n)
        if (const auto id = fmt::format("dev{}", n); !taken(id)) device.id = id;
    if (taken(device.id)) return malformed("id {} is taken", device.id);
    return {};
}

Result<void> refuse(const std::string& id, const std::vector<chosen::Reason>& reasons) {
    if (reasons.empty()) return {};
    std::string what;
    std::string remedy;
    for (const auto& reason : reasons) {
        what += fmt::format("{}{}", what.empty() ? "" : "; ", reason.what);
        if (remedy.empty()) remedy = reason.remedy;
    }
    return std::unexpected(Error{.kind = Error::Kind::Unsupported,
                                 .what = fmt::format("{}: {}", id, what),
                                 .hint = std::move(remedy)});
}

// Of a slot that the guest is not told of yet, the function that came alone counts, and that it may
// still get company.
Result<void> refuse_resets(const slot::PortPlan& port, unsigned number) {
    const bool whole = port.functions.front().view.function == 0;
    for (const auto& function : port.functions) {
        const bool waits = !whole && function.reset.lacks_others;
        if (waits || (!whole && function.view.function != number)) continue;
        TENON_TRY_DO(refuse(function.view.id, function.view.reasons), "");
    }
    return {};
}

// Settles what follows for other ports; `port` is the one that has changed.
std::vector<PortChange> settle_others(std::vector<std::shared_ptr<const slot::PortPlan>>& ports,
                                      std::size_t port) {
    std::vector<PortChange> others;
    for (const auto changed : settle_resets(ports))
        if (changed != port) others.push_back({.port = changed, .plan = ports[changed]});
    return others;
}

// Says what an arrival makes true that was not. `id` is who comes.
void warn(const RunningMachine& machine, PortsNow after, const std::string& id, Arrival& arrival) {
    const auto& limits = machine.plan.interrupts.limits;
    auto& own = arrival.warnings;
    own = new_port_warnings(machine.ports, after);
    for (auto& one : new_function_warnings(machine.ports, after))
        if (one.id == id)
            own.insert(own.end(), one.warnings.begin(), one.warnings.end());
        else
            arrival.of_others.push_back(std::move(one));
    const auto budget = new_budget_warnings(machine.ports, after, limits);
    own.insert(own.end(), budget.begin(), budget.end());
}

// Of its place behind the guest's IOMMU, if there is one; `at` is its port.
std::vector<chosen::Reason> obstacles(const RunningMachine& machine, std::size_t at,
                                      const slot::FunctionPlan& function) {
    if (machine.plan.iommu == nullptr) return {};
    Neighbours others;
    for (std::size_t port = 0; port < machine.ports.size(); ++port)
        for (const auto& other : machine.ports[port]->functions)
            (port == at ? others.beside : others.elsewhere).push_back(&other);
    return obstacles_behind_iommu(function, others);
}

}  // namespace

Result<Arrival> plan_arrival(const RunningMachine& machine, DeviceRequest&& device) {
    const auto* const version = chosen::find_machine_version(machine.plan.version);
    if (version == nullptr)
        return malformed("machine version \"{}\" is not known", machine.plan.version);
    TENON_TRY(at, find_port(machine, device), "");
    const auto& port = *machine.ports[at];
    TENON_TRY_DO(choose_id(machine, device), "");
    TENON_TRY(number, number_in_slot(port, device), "");
    const auto id = device.id;
    std::optional<iommu::TableMode> unit;
    if (const auto& ours = machine.plan.iommu) unit = ours->unit.shape.mode();
    TENON_TRY(function,
              plan_function({.version = *version,
                             .viommu_pasid_width = machine.plan.viommu_pasid_width,
                             .iommu = guest_iommu(unit, machine.plan.viommu_pasid_width)},
                            std::move(device), number),
              "");
    TENON_TRY_DO(refuse(id, function->view.reasons), "");
    TENON_TRY_DO(refuse(id, obstacles(machine, at, *function)), "");
    TENON_TRY(plan, slot::with_function(port, *function), "");
    std::vector<chosen::Reason> problems;
    place_in_windows(plan, problems);
    TENON_TRY_DO(refuse(id, problems), "");
    auto ports = machine.ports;
    ports[at] = std::make_shared<const slot::PortPlan>(std::move(plan));
    auto others = settle_others(ports, at);
    TENON_TRY_DO(refuse_resets(*ports[at], number), "");
    Arrival arrival{.port = at,
                    .number = number,
                    .plan = ports[at],
                    .others = std::move(others),
                    .warnings = {},
                    .of_others = {}};
    warn(machine, ports, id, arrival);
    return arrival;
}

Departure plan_departure(std::vector<std::shared_ptr<const slot::PortPlan>> ports,
                         std::size_t port) {
    const auto before = ports;
    auto empty = *ports[port];
    empty.functions.clear();
    slot::settle(empty);
    ports[port] = std::make_shared<const slot::PortPlan>(std::move(empty));
    auto others = settle_others(ports, port);
    return {.plan = ports[port],
            .others = std::move(others),
            .of_others = new_function_warnings(before, ports)};
}

}  // namespace tenon::model::machine
