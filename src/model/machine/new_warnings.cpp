#include "model/machine/new_warnings.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/machine/plan_warnings.hpp"

namespace tenon::model::machine {
namespace {

using Lines = std::vector<std::string>;

Lines without(Lines now, const Lines& before) {
    std::erase_if(
        now, [&](const auto& line) { return std::ranges::find(before, line) != before.end(); });
    return now;
}

// Whether others may come to its slot before a guest is told of any there.
bool waits(const slot::PortPlan& port) {
    return !port.functions.empty() && port.functions.front().view.function != 0;
}

Lines lines_of(const slot::PortPlan& port, const slot::FunctionPlan& function) {
    auto lines = lines_of_function(function, port.slot);
    if (!waits(port) || !function.reset.lacks_others) return lines;
    for (const auto& warning : function.reset.warnings)
        std::erase(lines, line_of(function, warning));
    return lines;
}

Lines lines_of(PortsNow ports, const std::string& id) {
    for (const auto& port : ports)
        for (const auto& function : port->functions)
            if (function.view.id == id) return lines_of(*port, function);
    return {};
}

Lines lines_of_ports(PortsNow ports) {
    Lines lines;
    for (const auto& port : ports)
        std::ranges::copy(warnings_of_port(*port), std::back_inserter(lines));
    return lines;
}

}  // namespace

std::vector<FunctionWarnings> new_function_warnings(PortsNow before, PortsNow after) {
    std::vector<FunctionWarnings> all;
    for (const auto& port : after)
        for (const auto& function : port->functions) {
            const auto& id = function.view.id;
            auto lines = without(lines_of(*port, function), lines_of(before, id));
            if (!lines.empty()) all.push_back({.id = id, .warnings = std::move(lines)});
        }
    return all;
}

std::vector<std::string> new_port_warnings(PortsNow before, PortsNow after) {
    return without(lines_of_ports(after), lines_of_ports(before));
}

std::vector<std::string> new_budget_warnings(PortsNow before, PortsNow after,
                                             const InterruptLimits& limits) {
    return without(sum_interrupts(after, limits).warnings, sum_interrupts(before, limits).warnings);
}

}  // namespace tenon::model::machine
