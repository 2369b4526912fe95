#include "cli/text/check_report.hpp"

#include <fmt/core.h>

#include "cli/text/check_text.hpp"
#include "cli/text/markup.hpp"
#include "library/assigned_view.hpp"
#include "library/version.hpp"

namespace tenon::cli::text {
namespace {

using library::Checked;
using managed::traps::Finding;
using managed::traps::Kind;

std::string nodes(const Checked& checked, std::size_t bus, std::size_t depth) {
    auto html = std::string{depth == 0 ? "<ul class=\"tree\">\n" : "<ul>\n"};
    for (const auto index : checked.tree.buses[bus].nodes) {
        const auto& node = checked.tree.nodes[index];
        const bool assigned =
            node.device && managed::said::is_assigned(checked.configuration.devices[*node.device]);
        html += fmt::format("<li>{} {}", element("code", slot_text(node)),
                            element("span", about_node(checked, node),
                                    assigned      ? "good"
                                    : node.device ? ""
                                                  : "faint"));
        const bool more = node.behind && !checked.tree.buses[*node.behind].nodes.empty();
        if (more && depth < deepest) html += '\n' + nodes(checked, *node.behind, depth + 1);
        html += "</li>\n";
    }
    return html + "</ul>\n";
}

std::string finding(const Finding& one, std::size_t number) {
    const bool bad = one.kind == Kind::FailsToStart || one.kind == Kind::Dangerous;
    auto html = element("h3", fmt::format("{}. {}", number, one.what)) + '\n' +
                element("p", words_of(one.kind), bad ? "bad" : "warning") + '\n';
    std::vector<std::string> evidence;
    for (const auto& shown : one.evidence)
        evidence.push_back(fmt::format("{}: {}", to_string(shown.place), shown.word));
    html += html_list(evidence) +
            element("p", fmt::format("{} [{}]", one.why, one.source), "faint") + '\n';
    if (!one.change.empty()) html += element("p", "to do: " + one.change) + '\n';
    std::string lines;
    for (const auto& line : one.paste)
        lines += line + '\n';
    return lines.empty() ? html : html + element("pre", lines) + '\n';
}

std::string findings(const Checked& checked) {
    std::string html;
    for (const auto& one : checked.diagnosis.findings)
        html += finding(one, &one - checked.diagnosis.findings.data() + 1);
    return html.empty() ? element("p", "none", "good") + '\n' : html;
}

std::string views(const Checked& checked) {
    std::string html;
    for (const auto& one : library::view_assigned(checked)) {
        html += element("h3", fmt::format("{} by {}", one.host, one.by)) + '\n';
        if (!one.view->guest_view) continue;
        html += element("p", fmt::format("{} bytes; finds {}", one.view->config_size,
                                         library::capabilities_in_words(*one.view))) +
                '\n' + html_list(library::lost_in_words(*one.view));
    }
    return html;
}

}  // namespace

std::string render_check_report(const Checked& checked) {
    const auto& name = checked.configuration.name;
    auto html = element("h1", fmt::format("The guest of {}", name)) + '\n' +
                element("p", guest_in_short(checked)) + '\n' +
                element("p", library::version_line, "faint") + '\n';
    html += section("findings", "Findings", findings(checked));
    html += section("tree", "What the guest will find", nodes(checked, 0, 0));
    html += section("views", "What it sees of assigned functions", views(checked));
    html += section("unknown", "Not judged", html_list(not_judged(checked)));
    return html_page(fmt::format("Tenon: {}", name), html);
}

}  // namespace tenon::cli::text
