#include "model/machine/plan_warnings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace tenon::model::machine {
namespace {

void add(std::vector<std::string>& all, std::string text) {
    if (std::ranges::find(all, text) == all.end()) all.push_back(std::move(text));
}

void add_all(std::vector<std::string>& all, std::string_view who,
             const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings)
        add(all, fmt::format("{}: {}", who, warning));
}

void add_function(std::vector<std::string>& all, const slot::PortPlan& port,
                  const slot::FunctionPlan& function) {
    const auto& view = function.view;
    add_all(all, view.host.empty() ? view.id : fmt::format("{} ({})", view.id, view.host),
            slot::warnings_of(view, port.slot));
}

// Its sentences name the port.
void add_port(std::vector<std::string>& all, const slot::PortPlan& port) {
    for (const auto& warning : port.slot.warnings)
        add(all, warning);
}

}  // namespace

std::vector<std::string> warnings_of(const MachinePlan& plan) {
    std::vector<std::string> all;
    for (const auto& port : plan.ports) {
        add_port(all, *port);
        for (const auto& function : port->functions)
            add_function(all, *port, function);
    }
    for (const auto& warning : plan.interrupts.warnings)
        add(all, warning);
    return all;
}

std::vector<std::string> warnings_of_arrival(const slot::PortPlan& port, unsigned number) {
    std::vector<std::string> all;
    add_port(all, port);
    for (const auto& function : port.functions)
        if (function.view.function == number) add_function(all, port, function);
    return all;
}

}  // namespace tenon::model::machine
