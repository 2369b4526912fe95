#include "cli/text/list_report.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <map>

#include "cli/text/library.hpp"
#include "cli/text/markup.hpp"
#include "cli/text/tree_text.hpp"
#include "library/host_tree.hpp"
#include "library/version.hpp"

namespace tenon::cli::text {
namespace {

using library::HostNode;
using library::make_host_tree;

std::string facts_beside(const ListedFunction& function) {
    std::vector<std::string> facts;
    if (function.group) facts.push_back(fmt::format("IOMMU group {}", *function.group));
    if (function.numa_node) facts.push_back(fmt::format("NUMA node {}", *function.numa_node));
    if (function.driver && !function.driver->empty())
        facts.push_back(fmt::format("driver {}", *function.driver));
    if (auto atomics = atomics_in_short(function); !atomics.empty())
        facts.push_back(std::move(atomics));
    return fmt::format("{}", fmt::join(facts, ", "));
}

std::string nodes(const std::vector<HostNode>& list, std::string_view kind) {
    auto html = fmt::format("<ul{}>\n", kind.empty() ? "" : fmt::format(" class=\"{}\"", kind));
    for (const auto& node : list) {
        const auto& function = *node.function;
        html += fmt::format("<li>{} {} {}", element("code", to_string(function.address)),
                            element("span", function.name, function.assignable ? "good" : ""),
                            element("span", facts_beside(function), "faint"));
        if (!node.behind.empty()) html += '\n' + nodes(node.behind, "");
        html += "</li>\n";
    }
    return html + "</ul>\n";
}

std::string tree(const FunctionList& list) {
    std::string html;
    for (const auto& root : make_host_tree(list))
        html += element("h3", fmt::format("Root bus {:04x}:{:02x}", root.domain, root.bus)) + '\n' +
                nodes(root.functions, "tree");
    return html;
}

std::string problems(const FunctionList& list) {
    std::vector<std::string> texts;
    for (const auto& problem : list.problems)
        texts.push_back(sentence(problem));
    return html_list(texts);
}

std::string times(const FunctionList& list) {
    std::vector<std::string> texts;
    for (const auto& function : list.functions)
        if (function.times > 1) texts.push_back(function.unknowns.front());
    return html_list(texts);
}

// Every group that has something to give, and who in it goes or stays.
std::string groups(const FunctionList& list) {
    std::map<unsigned, std::pair<std::vector<std::string>, std::vector<std::string>>> members;
    for (const auto& function : list.functions)
        if (function.group) {
            auto& [go, stay] = members[*function.group];
            (function.stays() ? stay : go)
                .push_back(fmt::format("{} {}", to_string(function.address), function.name));
        }
    std::vector<std::vector<std::string>> rows;
    for (const auto& [number, both] : members) {
        const auto& [go, stay] = both;
        if (go.empty()) continue;
        rows.push_back({std::to_string(number), fmt::format("{}", fmt::join(go, "; ")),
                        fmt::format("{}", fmt::join(stay, "; ")),
                        go.size() == 1 ? "alone" : "together, to one guest"});
    }
    return html_table({"group", "can go", "stays with the host", "how"}, rows);
}

std::string functions(const FunctionList& list) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& function : list.functions)
        rows.push_back({to_string(function.address), function.name,
                        function.ids_known
                            ? fmt::format("{:04x}:{:04x}", function.vendor, function.device)
                            : "not known",
                        function.driver ? *function.driver : "?",
                        function.group ? std::to_string(*function.group) : "-",
                        function.numa_node ? std::to_string(*function.numa_node) : "-",
                        verdict_in_short(list, function)});
    return html_table({"address", "name", "ids", "driver", "group", "NUMA node", "assignable?"},
                      rows);
}

}  // namespace

std::string render_list_report(const FunctionList& list) {
    auto html = element("h1", list.file.empty() ? "PCI functions of this host"
                                                : "PCI functions of a host") +
                '\n' + element("p", version_line, "faint") + '\n';
    if (list.functions.empty()) html += element("p", "This host has no PCI function.") + '\n';
    html += section("problems", "In the way of all", problems(list));
    html += section("times", "More than once in the file", times(list));
    html += section("tree", "Root ports, switches and functions", tree(list));
    html += section("groups", "Who goes with whom", groups(list));
    html += section("functions", "Functions", functions(list));
    return html_page(list.file.empty() ? "Tenon: this host" : "Tenon: a host", html);
}

}  // namespace tenon::cli::text
