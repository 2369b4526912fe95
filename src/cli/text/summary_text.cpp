#include "cli/text/summary_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/text/changes_text.hpp"
#include "cli/text/library.hpp"
#include "cli/text/proposal_text.hpp"
#include "cli/text/table.hpp"
#include "cli/text/words_text.hpp"
#include "model/chosen/machine_version.hpp"
#include "model/machine/plan_warnings.hpp"
#include "pci/config_image.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t indent = 2;

std::size_t count_functions(const model::machine::MachinePlan& plan) {
    std::size_t count = 0;
    for (const auto& port : plan.ports)
        count += port->functions.size();
    return count;
}

// Functions with anything to tell beyond what the summary has.
std::size_t count_bytes(const model::machine::MachinePlan& plan) {
    std::size_t count = 0;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            count += known_config(function.facts) != 0 ? 1 : 0;
    return count;
}

std::string section(std::string_view title, const std::string& body, const TextStyle& style) {
    return body.empty() ? "" : '\n' + style.paint(Tone::Strong, title) + '\n' + body;
}

std::string vectors_in_short(const model::function::FunctionView& view) {
    std::vector<std::string> kinds;
    if (view.intx) kinds.emplace_back("INTx");
    if (view.msi) kinds.push_back(fmt::format("{} MSI", view.msi->vectors));
    if (view.msix) kinds.push_back(fmt::format("{} MSI-X", view.msix->vectors));
    return kinds.empty() ? "no interrupt" : fmt::format("{}", fmt::join(kinds, ", "));
}

// Capabilities, and so messages, lie past what was read.
bool is_header_alone(const model::slot::FunctionPlan& function) {
    return known_config(function.facts) <= pci::header_size;
}

// Of a virtual function whose physical one nobody knows: its own registers have no BARs.
bool lacks_bars(const model::slot::FunctionPlan& function) {
    return function.view.virtual_function && !function.facts.identity;
}

std::string bars_in_short(const model::function::FunctionView& view) {
    std::vector<std::string> bars;
    for (const auto& bar : view.bars) {
        const auto name =
            bar.index == device::rom_region ? std::string{"ROM"} : fmt::format("BAR {}", bar.index);
        bars.push_back(
            fmt::format("{} of {}", name, bar.size ? format_size(*bar.size) : "unknown size"));
    }
    return bars.empty() ? "no BAR" : fmt::format("{}", fmt::join(bars, ", "));
}

std::string group_in_short(const device::GroupFacts& group) {
    if (group.members.empty()) return fmt::format("IOMMU group {}, alone", group.number);
    return fmt::format("IOMMU group {} with {} other{}", group.number, group.members.size(),
                       group.members.size() == 1 ? "" : "s");
}

std::string render_reasons(const std::vector<model::chosen::Reason>& reasons,
                           const TextStyle& style) {
    std::string text;
    for (const auto& reason : reasons)
        text += paragraph(reason.what, style, inner, 2);
    return text;
}

std::string render_short(const model::slot::FunctionPlan& function,
                         const model::slot::PortPlan& port, const TextStyle& style) {
    const auto& view = function.view;
    const bool whole = view.unknowns.empty();
    const auto verdict =
        !view.assignable
            ? style.paint(Tone::Bad, "not assignable")
            : style.paint(Tone::Good, whole ? "assignable" : "assignable as far as known");
    auto text = fmt::format("{:{}}{} {}: {}\n", "", indent, style.paint(Tone::Strong, view.id),
                            view.host, verdict);
    text += render_reasons(view.reasons, style);
    if (view.assignable)
        for (const auto& unknown : view.unknowns)
            text += paragraph("not known: " + unknown, style, inner, 2, Tone::Faint);
    if (known_config(function.facts) == 0) return text + render_words(function, style, inner);
    auto who = fmt::format("{:04x}:{:04x} (rev {:02x}), {}", view.vendor, view.device,
                           view.revision, class_name(view.class_code));
    if (function.facts.source != view.host) who += ", read from " + function.facts.source;
    if (view.guest_view && view.assignable)
        who += fmt::format("; {} in the guest, below root port {}", guest_address(function.guest),
                           port.name);
    text += paragraph(who, style, inner, 2);
    const auto facts = view.guest_view ? facts_in_short(function) : "";
    return facts.empty() ? text : text + paragraph(facts, style, inner, 2);
}

std::string guest_in_short(const model::machine::MachinePlan& plan) {
    auto text = fmt::format("a guest {}with {} processor{} and {} of memory",
                            count_functions(plan) == 0 ? "without a device, " : "", plan.vcpus,
                            plan.vcpus == 1 ? "" : "s", format_size(plan.memory.size));
    if (plan.memory.page != 0)
        text += fmt::format(" in huge pages of {}", format_size(plan.memory.page));
    if (plan.memory.node) text += fmt::format(" from NUMA node {}", *plan.memory.node);
    return plan.peers ? text + "; peer-to-peer: " + plan.peers->line : text;
}

std::string render_verdicts(const model::machine::MachinePlan& plan, const TextStyle& style) {
    auto text = style.paint(Tone::Strong, "Verdict");
    if (plan.version != model::chosen::machine_versions().front().name)
        text += fmt::format(" for machine {}", plan.version);
    text += '\n';
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            text += render_short(function, *port, style);
    text += paragraph(guest_in_short(plan), style, indent, 2);
    if (plan.problems.empty()) return text;
    text += fmt::format("  the machine: {}\n", style.paint(Tone::Bad, "not possible"));
    return text + render_reasons(plan.problems, style);
}

Tone tone_of(Change::Kind kind) {
    switch (kind) {
        case Change::Kind::Hidden:
            return Tone::Warning;
        case Change::Kind::Ours:
        case Change::Kind::Added:
            return Tone::Ours;
        case Change::Kind::Moved:
        case Change::Kind::Other:
            break;
    }
    return Tone::Plain;
}

std::string render_changes(const model::slot::FunctionPlan& function,
                           const model::slot::PortPlan& port, const TextStyle& style) {
    Table table{{{}, {}}};
    for (const auto& change : changes_of(function, port)) {
        const bool other = change.kind == Change::Kind::Other;
        table.add({{.text = other ? change.what : std::string{name_of(change.kind)},
                    .tone = tone_of(change.kind)},
                   {.text = change.why, .lead = other ? "" : fmt::format("{}:", change.what)}});
    }
    if (!function.view.guest_view) return "";
    const auto changes = table.empty() ? "" : table.render(style, indent);
    if (is_header_alone(function))
        return changes + "  not known: of its configuration space only the header was read\n";
    return table.empty() ? "  nothing\n" : changes;
}

std::string render_all_changes(const model::machine::MachinePlan& plan, const TextStyle& style) {
    std::string text;
    const bool several = count_functions(plan) > 1;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions) {
            const auto& view = function.view;
            const auto title =
                several ? fmt::format("Different from the hardware: {} {}", view.id, view.host)
                        : std::string{"Different from the hardware"};
            text += section(title, render_changes(function, *port, style), style);
        }
    return text;
}

std::string render_warnings(const model::machine::MachinePlan& plan, const TextStyle& style) {
    std::string text;
    for (const auto& warning : model::machine::warnings_of(plan))
        text += paragraph(warning, style, indent, 2, Tone::Warning);
    return section("Warnings", text, style);
}

// What mends the reasons. A command that stands above, as another function wanted it, is done.
class ToDo {
public:
    explicit ToDo(const TextStyle& style) : style_{style} {}

    void add(const std::string& whom, const std::vector<model::chosen::Reason>& reasons) {
        for (const auto& reason : reasons) {
            if (!reason.remedy.empty()) add_remedy(fmt::format("{}: {}", whom, reason.remedy));
            for (const auto& command : reason.commands)
                if (std::ranges::find(commands_, command) == commands_.end())
                    commands_.push_back(command);
        }
    }

    std::string render() const {
        std::string text;
        for (const auto& remedy : remedies_)
            text += paragraph(remedy, style_, indent, 2);
        if (!commands_.empty()) text += "  as root:\n";
        for (const auto& command : commands_)
            text += fmt::format("    {}\n", style_.paint(Tone::Strong, command));
        return section("What to do", text, style_);
    }

private:
    void add_remedy(std::string remedy) {
        if (std::ranges::find(remedies_, remedy) == remedies_.end())
            remedies_.push_back(std::move(remedy));
    }

    const TextStyle& style_;
    std::vector<std::string> remedies_;
    std::vector<std::string> commands_;
};

std::string render_to_do(const model::machine::MachinePlan& plan, const TextStyle& style) {
    ToDo to_do{style};
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            to_do.add(function.view.id, function.view.reasons);
    to_do.add("the machine", plan.problems);
    return to_do.render();
}

}  // namespace

std::string facts_in_short(const model::slot::FunctionPlan& function) {
    const auto& view = function.view;
    std::vector<std::string> parts;
    if (!view.bars.empty() || !lacks_bars(function)) parts.push_back(bars_in_short(view));
    if (view.intx || !is_header_alone(function)) parts.push_back(vectors_in_short(view));
    if (const auto& backend = function.backend)
        parts.push_back(fmt::format("{} queue{} of {}", backend->queues,
                                    backend->queues == 1 ? "" : "s", backend->queue_size));
    if (view.group) parts.push_back(group_in_short(*view.group));
    const auto& resets = function.facts.reset_methods;
    if (resets) parts.push_back(resets->empty() ? "no reset" : "reset by " + resets->front());
    const auto& node = function.facts.numa_node;
    if (node && *node >= 0) parts.push_back(fmt::format("NUMA node {}", *node));
    return fmt::format("{}", fmt::join(parts, "; "));
}

std::string render_summary(const model::machine::MachinePlan& plan, const TextStyle& style) {
    auto text = render_proposals(plan.proposals, style) + render_verdicts(plan, style) +
                render_all_changes(plan, style) + render_warnings(plan, style) +
                render_to_do(plan, style);
    if (count_bytes(plan) != 0)
        text += '\n' + paragraph("Each capability, BAR and property, and why: tenon plan -v", style,
                                 0, 0, Tone::Faint);
    return text;
}

}  // namespace tenon::cli::text
