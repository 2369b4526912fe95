#include "cli/text/plan_report.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "base/text.hpp"
#include "cli/text/changes_text.hpp"
#include "cli/text/function_text.hpp"
#include "cli/text/library.hpp"
#include "cli/text/map_svg.hpp"
#include "cli/text/markup.hpp"
#include "cli/text/plan_text.hpp"
#include "cli/text/summary_text.hpp"
#include "library/version.hpp"
#include "model/machine/plan_warnings.hpp"
#include "pci/config_image.hpp"

namespace tenon::cli::text {
namespace {

using model::machine::MachinePlan;
using model::slot::FunctionPlan;
using model::slot::PortPlan;

// What `make` says of each function, each below its name.
template <typename Make>
std::string for_each_function(const MachinePlan& plan, Make make) {
    std::string html;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            if (const auto body = make(function, *port); !body.empty())
                html += element("h3", fmt::format("{} {}", function.view.id, function.view.host)) +
                        '\n' + body;
    return html;
}

std::string verdict_of(const FunctionPlan& function) {
    const auto& view = function.view;
    auto html =
        !view.assignable
            ? element("p", "not assignable", "bad")
            : element("p", view.unknowns.empty() ? "assignable" : "assignable as far as known",
                      "good");
    if (known_config(function.facts) != 0)
        html += '\n' +
                element("p", fmt::format("{:04x}:{:04x} (rev {:02x}), {}", view.vendor, view.device,
                                         view.revision, class_name(view.class_code)));
    const auto facts = view.guest_view ? facts_in_short(function) : "";
    if (!facts.empty()) html += '\n' + element("p", facts, "faint");
    std::vector<std::string> reasons;
    for (const auto& reason : view.reasons)
        reasons.push_back(reason.what);
    return html + '\n' + html_list(reasons);
}

std::string changes_table(const FunctionPlan& function, const PortPlan& port) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& change : changes_of(function, port))
        rows.push_back({std::string{name_of(change.kind)}, change.what, change.why});
    if (function.view.guest_view && known_config(function.facts) <= pci::header_size)
        rows.push_back({"", "not known", "of its configuration space only the header was read"});
    return html_table({"how", "what", "why"}, rows);
}

std::string to_do(const MachinePlan& plan) {
    std::vector<std::string> remedies;
    std::string commands;
    const auto add = [&](const std::string& whom,
                         const std::vector<model::chosen::Reason>& reasons) {
        for (const auto& reason : reasons) {
            if (!reason.remedy.empty())
                remedies.push_back(fmt::format("{}: {}", whom, reason.remedy));
            for (const auto& command : reason.commands)
                commands += command + '\n';
        }
    };
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            add(function.view.host, function.view.reasons);
    add("the machine", plan.problems);
    auto html = html_list(remedies);
    if (!commands.empty())
        html += element("p", "As root:") + '\n' + element("pre", commands) + '\n';
    return html;
}

// Nested lists, the outermost name first.
std::string chain(const std::vector<std::string>& names) {
    std::string html;
    for (std::size_t n = 0; n < names.size(); ++n)
        html += fmt::format("<ul{}><li>{}\n", n == 0 ? " class=\"tree\"" : "", escaped(names[n]));
    for (std::size_t n = 0; n < names.size(); ++n)
        html += "</li></ul>";
    return html + '\n';
}

std::string host_place(const FunctionPlan& function) {
    std::vector<std::string> names;
    const auto& path = function.facts.path;
    if (path)
        for (const auto& bridge : *path | std::views::reverse)
            names.push_back(fmt::format("{} bridge", to_string(bridge.address)));
    auto own = function.view.host;
    if (function.view.group) own += fmt::format(", IOMMU group {}", function.view.group->number);
    names.push_back(std::move(own));
    auto html = chain(names);
    if (!path)
        html += element("p", "The bridges above it are not known: " + path.why(), "faint") + '\n';
    return html;
}

std::string guest_tree(const MachinePlan& plan) {
    std::string html{"<ul class=\"tree\">\n<li>00:00.0 host bridge</li>\n"};
    for (const auto& port : plan.ports) {
        html += fmt::format(
            "<li>{}\n",
            escaped(fmt::format("{} root port {}", guest_address(port->guest), port->name)));
        if (!port->functions.empty()) html += "<ul>\n";
        for (const auto& function : port->functions)
            html +=
                element("li",
                        function.view.guest_view
                            ? fmt::format("{} {}", guest_address(function.guest), function.view.id)
                            : fmt::format("{} {}", function.view.id, place_in_words(function))) +
                '\n';
        if (!port->functions.empty()) html += "</ul>";
        html += "</li>\n";
    }
    return html + "</ul>\n";
}

std::string trees(const MachinePlan& plan) {
    std::string hosts;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            hosts += host_place(function);
    return fmt::format("<div class=\"columns\">\n<div>{}\n{}</div>\n<div>{}\n{}</div>\n</div>\n",
                       element("h3", "On the host"), hosts, element("h3", "In the guest"),
                       guest_tree(plan));
}

std::string capability_table(const FunctionPlan& function) {
    const auto offset = [](std::optional<std::uint16_t> at) {
        return at ? hex(*at, 2) : std::string{"-"};
    };
    std::vector<std::vector<std::string>> rows;
    for (const auto& one : function.view.capabilities)
        rows.push_back({offset(one.host_offset), offset(one.guest_offset),
                        std::string{model::chosen::name_of(one.action)},
                        fmt::format("{} ({})", one.name, hex(one.id)), one.why, one.source});
    return html_table({"host", "guest", "what", "capability", "why", "source"}, rows);
}

std::string bar_table(const FunctionPlan& function) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& bar : function.view.bars) {
        const auto address = function.bar_address.at(bar.index);
        rows.push_back({bar.index == device::rom_region ? "ROM" : std::to_string(bar.index),
                        bar.size ? format_size(*bar.size) : "not known",
                        address == 0 ? "-" : hex(address), bar.why});
    }
    return html_table({"BAR", "size", "in the guest", "access"}, rows);
}

std::string fact_list(const FunctionPlan& function) {
    const auto& facts = function.facts;
    std::vector<std::string> lines{function.view.driver_line};
    lines.push_back(facts.reset_methods
                        ? fmt::format("reset: {}", fmt::join(*facts.reset_methods, ", "))
                        : "reset not known: " + facts.reset_methods.why());
    lines.push_back(facts.numa_node ? fmt::format("NUMA node {}", *facts.numa_node)
                                    : "NUMA node not known: " + facts.numa_node.why());
    lines.push_back(facts.link ? fmt::format("link {} x{}", facts.link->speed, facts.link->width)
                               : "link not known: " + facts.link.why());
    lines.push_back("AtomicOps on the host: " + function.view.atomics.why);
    auto html = html_list(lines);
    if (function.view.unknowns.empty()) return html;
    return html + element("p", "Not known:") + '\n' + html_list(function.view.unknowns);
}

}  // namespace

std::string render_plan_report(const MachinePlan& plan) {
    auto html = element("h1", "Plan of a guest with assigned devices") + '\n' +
                element("p", fmt::format("{}; machine {}", version_line, plan.version), "faint") +
                '\n';
    const auto verdicts = for_each_function(
        plan, [](const auto& function, const auto&) { return verdict_of(function); });
    std::vector<std::string> problems;
    for (const auto& problem : plan.problems)
        problems.push_back(problem.what);
    const auto impossible =
        problems.empty() ? ""
                         : element("p", "the machine: not possible", "bad") + html_list(problems);
    const auto bare = verdicts.empty() ? element("p", "a guest without a device") + '\n' : "";
    html += section("verdict", "Verdict", verdicts + bare + impossible);
    html += section("differences", "Different from the hardware",
                    for_each_function(plan, changes_table));
    html += section("warnings", "Warnings", html_list(model::machine::warnings_of(plan)));
    html += section("to-do", "What to do", to_do(plan));
    html += section("places", "Where it is", trees(plan));
    if (!verdicts.empty())
        html += section("map", "Configuration space",
                        "<div class=\"wide\">\n" + render_map_svg(plan) + "</div>\n");
    html += section("capabilities", "Capabilities",
                    for_each_function(plan, [](const auto& function, const auto&) {
                        return capability_table(function);
                    }));
    html += section("bars", "BARs", for_each_function(plan, [](const auto& function, const auto&) {
                        return bar_table(function);
                    }));
    html += section("facts", "Facts, and what is unknown",
                    for_each_function(plan, [](const auto& function, const auto&) {
                        return fact_list(function);
                    }));
    html +=
        fmt::format("<details id=\"text\"><summary>All of it as text</summary>\n{}\n</details>\n",
                    element("pre", render_text(plan, {})));
    return html_page("Tenon: plan", html);
}

}  // namespace tenon::cli::text
