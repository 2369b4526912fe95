#include "cli/text/tree_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/text/table.hpp"
#include "device/atomic_widths.hpp"
#include "library/host_tree.hpp"

namespace tenon::cli::text {
namespace {

using library::HostNode;
using library::ListedFunction;

std::string listed_facts(const ListedFunction& function) {
    std::vector<std::string> facts;
    if (function.group) facts.push_back(fmt::format("group {}", *function.group));
    if (function.numa_node) facts.push_back(fmt::format("NUMA node {}", *function.numa_node));
    if (function.driver && !function.driver->empty()) facts.push_back(*function.driver);
    if (auto atomics = atomics_in_short(function); !atomics.empty())
        facts.push_back(std::move(atomics));
    return fmt::format("{}", fmt::join(facts, ", "));
}

class TreeText {
public:
    TreeText(const library::FunctionList& list, const TextStyle& style)
        : list_{list}, style_{style} {}

    std::string render() {
        for (const auto& root : library::make_host_tree(list_)) {
            text_ +=
                style_.paint(Tone::Strong, fmt::format("[{:04x}:{:02x}]", root.domain, root.bus)) +
                '\n';
            add_all(root.functions, "");
        }
        return std::move(text_);
    }

private:
    void add_all(const std::vector<HostNode>& nodes, const std::string& before) {
        for (std::size_t n = 0; n < nodes.size(); ++n)
            add(nodes[n], before, n + 1 == nodes.size());
    }

    void add(const HostNode& node, const std::string& before, bool last) {
        const auto& function = *node.function;
        auto place = fmt::format("{:02x}.{:x}", function.address.device, function.address.function);
        if (function.bus_behind) place += fmt::format("-[{:02x}]", *function.bus_behind);
        const auto tone = function.stays()      ? Tone::Faint
                          : function.assignable ? Tone::Good
                                                : Tone::Plain;
        const auto more = before + (last ? "    " : "|   ");
        const auto body = fmt::format("{}  {}", place, function.name);
        put(before + (last ? "\\-- " : "+-- "), more, body, tone);
        // What is behind it goes on with the line on its left.
        const auto under = more + (node.behind.empty() ? "      " : "|     ");
        if (const auto facts = listed_facts(function); !facts.empty())
            put(under, under, facts, Tone::Faint);
        if (!function.bridge) put(under, under, verdict_in_short(list_, function), tone);
        add_all(node.behind, more);
    }

    void put(const std::string& first, const std::string& others, std::string_view words,
             Tone tone) {
        constexpr std::size_t least = 20;
        const auto taken = first.size();
        const auto room = style_.width > taken + least ? style_.width - taken : least;
        bool begun = false;
        for (const auto& line : wrap(words, room)) {
            text_ += (begun ? others : first) + style_.paint(tone, line) + '\n';
            begun = true;
        }
    }

    const library::FunctionList& list_;
    const TextStyle& style_;
    std::string text_;
};

}  // namespace

std::string render_tree(const library::FunctionList& list, const TextStyle& style) {
    return TreeText{list, style}.render();
}

std::string atomics_in_short(const ListedFunction& function) {
    if (function.completes.value_or(0) != 0)
        return fmt::format("completes {} AtomicOps", device::words_of_widths(*function.completes));
    return function.routes ? "routes AtomicOps" : "";
}

std::string verdict_in_short(const library::FunctionList& list, const ListedFunction& function) {
    if (function.bridge) return "bridge, stays with the host";
    if (!function.assignable) {
        // What it is bound to is easily mended; this is not.
        if (!function.use.empty()) return fmt::format("no: it {}", function.use);
        const auto* const reason = list.last_reason(function);
        return reason == nullptr ? "no: as said above" : fmt::format("no: {}", reason->what);
    }
    if (function.unknowns.empty()) return "yes";
    return fmt::format("yes, as far as known: {}", function.unknowns.front());
}

}  // namespace tenon::cli::text
