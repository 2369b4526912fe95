#include "cli/text/verdict_text.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text/table.hpp"

namespace tenon::cli::text {
namespace {

std::string render_reason(const model::chosen::Reason& reason, const TextStyle& style) {
    auto text = paragraph(reason.what, style, 4, 2);
    if (!reason.remedy.empty())
        text += paragraph(fmt::format("mend it: {}", reason.remedy), style, 6, 2);
    if (reason.commands.empty()) return text;
    text += reason.remedy.empty() ? "      mend it, as root:\n" : "      as root:\n";
    for (const auto& command : reason.commands)
        text += fmt::format("        {}\n", style.paint(Tone::Strong, command));
    return text;
}

std::string render_reasons(const std::vector<model::chosen::Reason>& reasons,
                           const TextStyle& style) {
    std::string text;
    for (const auto& reason : reasons)
        text += render_reason(reason, style);
    return text;
}

std::string render_reasons(const model::function::FunctionView& view, const TextStyle& style) {
    const auto who = fmt::format("  {} {}: ", view.id, view.host);
    if (!view.assignable)
        return who + style.paint(Tone::Bad, "not assignable") + '\n' +
               render_reasons(view.reasons, style);
    if (view.unknowns.empty()) return who + style.paint(Tone::Good, "assignable") + '\n';
    auto text = who + style.paint(Tone::Good, "assignable as far as known") + "; not known:\n";
    for (const auto& unknown : view.unknowns)
        text += paragraph(unknown, style, 4, 2);
    return text;
}

}  // namespace

std::string render_verdict(const model::machine::MachinePlan& plan, const TextStyle& style) {
    auto text = style.paint(Tone::Strong, "Verdict") + '\n';
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            text += render_reasons(function.view, style);
    const bool empty =
        std::ranges::all_of(plan.ports, [](const auto& port) { return port->functions.empty(); });
    if (plan.problems.empty() && empty) text += "  a guest without a device\n";
    if (plan.problems.empty()) return text;
    text += fmt::format("  the machine: {}\n", style.paint(Tone::Bad, "not possible"));
    return text + render_reasons(plan.problems, style);
}

std::string render_refusal(const model::machine::MachinePlan& plan, const TextStyle& style) {
    std::string text;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (!function.view.assignable) text += render_reasons(function.view, style);
    if (plan.problems.empty()) return text;
    text += fmt::format("  the machine: {}\n", style.paint(Tone::Bad, "not possible"));
    return text + render_reasons(plan.problems, style);
}

}  // namespace tenon::cli::text
