#include "model/machine/plan_warnings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace tenon::model::machine {
namespace {

void add(std::vector<std::string>& all, std::vector<std::string> warnings) {
    for (auto& warning : warnings)
        if (std::ranges::find(all, warning) == all.end()) all.push_back(std::move(warning));
}

}  // namespace

std::vector<std::string> warnings_of_function(const slot::FunctionPlan& function,
                                              const slot::SlotView& slot) {
    return slot::warnings_of(function.view, slot);
}

std::vector<std::string> warnings_of_port(const slot::PortPlan& port) { return port.slot.warnings; }

std::vector<std::string> warnings_of_budgets(const MachinePlan& plan) {
    return plan.interrupts.warnings;
}

std::string line_of(const slot::FunctionPlan& function, std::string_view warning) {
    const auto& view = function.view;
    return view.host.empty() ? fmt::format("{}: {}", view.id, warning)
                             : fmt::format("{} ({}): {}", view.id, view.host, warning);
}

std::vector<std::string> lines_of_function(const slot::FunctionPlan& function,
                                           const slot::SlotView& slot) {
    std::vector<std::string> lines;
    for (const auto& warning : warnings_of_function(function, slot))
        lines.push_back(line_of(function, warning));
    return lines;
}

std::vector<std::string> warnings_of(const MachinePlan& plan) {
    std::vector<std::string> all;
    for (const auto& port : plan.ports) {
        add(all, warnings_of_port(*port));
        for (const auto& function : port->functions)
            add(all, lines_of_function(function, port->slot));
    }
    add(all, warnings_of_budgets(plan));
    return all;
}

}  // namespace tenon::model::machine
