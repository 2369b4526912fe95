#include "cli/text/plan_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/text/atomics_text.hpp"
#include "cli/text/function_text.hpp"
#include "cli/text/host_text.hpp"
#include "cli/text/interrupts_text.hpp"
#include "cli/text/library.hpp"
#include "cli/text/machine_text.hpp"
#include "cli/text/property_text.hpp"
#include "cli/text/proposal_text.hpp"
#include "cli/text/table.hpp"
#include "cli/text/verdict_text.hpp"
#include "model/chosen/machine_version.hpp"

namespace tenon::cli::text {
namespace {

void add_window(std::vector<std::string>& windows, std::string_view kind,
                const model::slot::Window& window) {
    if (window.size == 0) return;
    windows.push_back(fmt::format("{} {:#x}-{:#x}", kind, window.base, window.end() - 1));
}

std::string render_port(const model::slot::PortPlan& port, const TextStyle& style) {
    auto text = style.paint(Tone::Strong, fmt::format("Root port {}", port.name));
    text += fmt::format(" at {}, bus {:02x} behind it\n", guest_address(port.guest),
                        port.secondary_bus);
    text += paragraph(fmt::format("link {} x{}, payload up to {} bytes: {}",
                                  link_speed_name(port.slot.link_speed), port.slot.link_width,
                                  128u << port.slot.max_payload, port.slot.link_why),
                      style, 2, 2);
    std::vector<std::string> windows;
    add_window(windows, "memory", port.memory);
    add_window(windows, "64-bit prefetchable", port.prefetchable);
    add_window(windows, "I/O", port.io);
    if (!windows.empty())
        text += paragraph(fmt::format("windows: {}", fmt::join(windows, ", ")), style, 2, 2);
    text += render_properties(port.properties, style, 2);
    text += render_atomics(port, style);
    for (const auto& function : port.functions)
        text += '\n' + render_function(function, port, style);
    return text;
}

// What was chosen for the machine as a whole, if anything was.
std::string render_machine(const model::machine::MachinePlan& plan, const TextStyle& style) {
    const bool chosen = std::ranges::any_of(plan.properties, [](const auto& property) {
        return property.origin == model::chosen::PropertyOrigin::User;
    });
    const bool current = plan.version == model::chosen::machine_versions().front().name;
    if (current && !chosen) return "";
    auto text = style.paint(Tone::Strong, fmt::format("Machine {}", plan.version)) + '\n';
    if (chosen) text += render_properties(plan.properties, style, 2);
    return text + '\n';
}

}  // namespace

std::string render_text(const model::machine::MachinePlan& plan, const TextStyle& style) {
    std::string text;
    text += render_machine(plan, style);
    text += render_proposals(plan.proposals, style);
    for (const auto& port : plan.ports)
        text += render_port(*port, style) + '\n';
    if (const auto budget = render_budget(plan, style, 2); !budget.empty())
        text += style.paint(Tone::Strong, "Interrupts") + '\n' + budget + '\n';
    text += render_guest(plan, style) + '\n';
    text += render_dma(plan.dma, style);
    return text + render_verdict(plan, style);
}

}  // namespace tenon::cli::text
