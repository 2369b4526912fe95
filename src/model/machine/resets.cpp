#include "model/machine/resets.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "model/function/reset.hpp"

namespace tenon::model::machine {
namespace {

using Ports = std::span<const slot::PortPlan* const>;

// Of one host, as far as that can be told: files of one name.
bool same_host(const device::DeviceFacts& one, const device::DeviceFacts& other) {
    if (one.origin != other.origin) return false;
    const auto file = [](const device::DeviceFacts& facts) {
        return std::string_view{facts.source}.substr(0, facts.source.rfind('#'));
    };
    return one.origin == device::Origin::Live || file(one) == file(other);
}

std::vector<pci::Address> of_same_host(Ports ports, const device::DeviceFacts& facts) {
    std::vector<pci::Address> addresses;
    for (const auto* const port : ports)
        for (const auto& function : port->functions)
            if (function.facts.address && same_host(function.facts, facts))
                addresses.push_back(*function.facts.address);
    return addresses;
}

function::ResetOutcome decide(Ports ports, const slot::PortPlan& port,
                              const slot::FunctionPlan& function) {
    const auto& view = function.view;
    return function::decide_reset(function.facts,
                                  {.vendor = view.vendor,
                                   .device = view.device,
                                   .class_code = view.class_code,
                                   .revision = view.revision},
                                  function.reset_choice, port.rules.version,
                                  of_same_host(ports, function.facts));
}

// A process is told to stop; nothing is to be decided.
bool has_reset_plan(const slot::FunctionPlan& function) {
    return function.view.guest_view && !function.backend;
}

bool stands(const slot::FunctionPlan& function, const function::ResetOutcome& outcome) {
    const auto& properties = function.view.properties;
    return function.reset == outcome.plan &&
           std::ranges::find(properties, outcome.report) != properties.end();
}

// Puts what is said now in the place of what was said before.
template <typename Said>
void replace(std::vector<Said>& all, const std::vector<Said>& before,
             const std::vector<Said>& now) {
    for (const auto& said : before)
        if (const auto old = std::ranges::find(all, said); old != all.end()) all.erase(old);
    all.insert(all.end(), now.begin(), now.end());
}

void apply(slot::FunctionPlan& function, function::ResetOutcome outcome) {
    auto& view = function.view;
    std::erase_if(view.properties,
                  [&](const auto& property) { return property.name == outcome.report.name; });
    view.properties.push_back(std::move(outcome.report));
    replace(view.warnings, function.reset.warnings, outcome.plan.warnings);
    replace(view.reasons, function.reset.refusals, outcome.plan.refusals);
    view.assignable = view.reasons.empty();
    function.reset = std::move(outcome.plan);
    function.access.resets =
        chosen::resets_alone(function.reset_choice.value) && !function::with_bus(function.reset);
}

}  // namespace

void settle_resets(std::span<slot::PortPlan> ports) {
    std::vector<const slot::PortPlan*> all;
    for (const auto& port : ports)
        all.push_back(&port);
    for (auto& port : ports)
        for (auto& function : port.functions)
            if (has_reset_plan(function)) apply(function, decide(all, port, function));
}

std::vector<std::size_t> settle_resets(std::span<std::shared_ptr<const slot::PortPlan>> ports) {
    // Who is there is the same before and after.
    const std::vector before(ports.begin(), ports.end());
    std::vector<const slot::PortPlan*> all;
    for (const auto& port : before)
        all.push_back(port.get());
    std::vector<std::size_t> changed;
    for (std::size_t at = 0; at < ports.size(); ++at) {
        const auto& port = *before[at];
        std::shared_ptr<slot::PortPlan> next;
        for (std::size_t n = 0; n < port.functions.size(); ++n) {
            const auto& function = port.functions[n];
            if (!has_reset_plan(function)) continue;
            auto outcome = decide(all, port, function);
            if (stands(function, outcome)) continue;
            if (!next) next = std::make_shared<slot::PortPlan>(port);
            apply(next->functions[n], std::move(outcome));
        }
        if (!next) continue;
        ports[at] = std::move(next);
        changed.push_back(at);
    }
    return changed;
}

}  // namespace tenon::model::machine
