#include "cli/list_command.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/output.hpp"
#include "base/printable.hpp"
#include "cli/text/library.hpp"
#include "cli/text/list_report.hpp"
#include "cli/text/table.hpp"
#include "cli/text/tree_text.hpp"
#include "library/list_json.hpp"

namespace tenon::cli {
namespace {

// Below this width the columns of a table would be too thin to read.
constexpr std::size_t wide_enough = 90;

// Addresses without their domain, where this host has but one.
class AddressWords {
public:
    explicit AddressWords(const FunctionList& list)
        : one_domain_{std::ranges::all_of(list.functions, [](const ListedFunction& function) {
              return function.address.domain == 0;
          })} {}

    std::string operator()(const pci::Address& address) const {
        return one_domain_ ? guest_address(address) : to_string(address);
    }

private:
    bool one_domain_;
};

std::string driver_words(const ListedFunction& function) {
    if (!function.driver) return "?";
    return function.driver->empty() ? "-" : *function.driver;
}

std::string group_words(const ListedFunction& function) {
    return function.group ? std::to_string(*function.group) : "-";
}

text::Cell verdict(const FunctionList& list, const ListedFunction& function) {
    const auto tone = function.stays()      ? text::Tone::Faint
                      : function.assignable ? text::Tone::Good
                                            : text::Tone::Plain;
    return {.text = text::verdict_in_short(list, function), .tone = tone};
}

std::string render_wide(const FunctionList& list, const AddressWords& words,
                        const text::TextStyle& style) {
    text::Table table{
        {{"group"}, {"address"}, {"device", style.width * 2 / 5}, {"driver", 16}, {"assignable?"}}};
    std::optional<unsigned> above;
    for (const auto& function : list.functions) {
        const auto tone = function.bridge ? text::Tone::Faint : text::Tone::Plain;
        // The number stands once for the members of a group.
        const bool again = function.group && function.group == above;
        above = function.group;
        table.add({{.text = again ? "" : group_words(function), .tone = tone},
                   {.text = words(function.address),
                    .tone = function.assignable ? text::Tone::Strong : tone},
                   {.text = function.name, .tone = tone},
                   {.text = driver_words(function), .tone = tone},
                   verdict(list, function)});
    }
    return table.render(style, 0);
}

std::string render_narrow(const FunctionList& list, const AddressWords& words,
                          const text::TextStyle& style) {
    std::string text;
    for (const auto& function : list.functions) {
        const auto tone = function.bridge ? text::Tone::Faint : text::Tone::Plain;
        text += text::paragraph(fmt::format("{} {}", words(function.address), function.name), style,
                                0, 2, function.assignable ? text::Tone::Strong : tone);
        text += text::paragraph(
            fmt::format("group {}, driver {}", group_words(function), driver_words(function)),
            style, 2, 2, tone);
        const auto cell = verdict(list, function);
        text += text::paragraph(cell.text, style, 2, 2, cell.tone);
    }
    return text;
}

// Below the table: which addresses the file has several times.
std::string render_times(const FunctionList& list, const text::TextStyle& style) {
    std::string text;
    for (const auto& function : list.functions)
        if (function.times > 1)
            text += text::paragraph(function.unknowns.front(), style, 0, 2, text::Tone::Warning);
    return text.empty() ? text : '\n' + text;
}

// What stands in the way of all, before the lines of each.
std::string render_problems(const FunctionList& list, const text::TextStyle& style) {
    std::string text;
    for (const auto& problem : list.problems)
        text += text::paragraph(sentence(problem), style, 0, 2, text::Tone::Warning);
    return text.empty() ? text : text + '\n';
}

std::string render_groups(const FunctionList& list, const AddressWords& words,
                          const text::TextStyle& style) {
    std::string text;
    for (const auto& [group, members] : list.moved_together()) {
        std::vector<std::string> names;
        for (const auto& member : members)
            names.push_back(words(member));
        text += text::paragraph(
            fmt::format("group {}: {} move together: no guest gets one of them while "
                        "a driver of the host has another",
                        group, fmt::join(names, ", ")),
            style, 0, 2);
    }
    return text.empty() ? text : '\n' + text;
}

std::string render_summary(const FunctionList& list, const text::TextStyle& style) {
    const auto assignable = std::ranges::count_if(list.functions, &ListedFunction::assignable);
    return '\n' +
           text::paragraph(fmt::format("{} of {} functions can be assigned now{}. What to do about "
                                       "another: tenon plan {}ADDRESS",
                                       assignable, list.functions.size(),
                                       list.file.empty() ? "" : ", as far as the file tells",
                                       list.file.empty() ? "" : "FILE#"),
                           style, 0);
}

}  // namespace

std::string render_list(const FunctionList& list, const text::TextStyle& style) {
    if (list.functions.empty()) return "This host has no PCI function.\n";
    const AddressWords words{list};
    const auto table = style.width < wide_enough ? render_narrow(list, words, style)
                                                 : render_wide(list, words, style);
    return render_problems(list, style) + table + render_times(list, style) +
           render_groups(list, words, style) + render_summary(list, style);
}

std::string render_list_tree(const FunctionList& list, const text::TextStyle& style) {
    if (list.functions.empty()) return "This host has no PCI function.\n";
    const AddressWords words{list};
    return render_problems(list, style) + text::render_tree(list, style) +
           render_times(list, style) + render_groups(list, words, style) +
           render_summary(list, style);
}

Outcome run_list(const Host& host, const ListArguments& arguments, const text::TextStyle& style) {
    const auto list = arguments.file.empty()
                          ? list_functions(host, arguments.names)
                          : list_functions_of_file(host, arguments.file, arguments.names);
    if (!list) return ended_with(status::wrong, list.error());
    if (!arguments.report.empty()) {
        const auto page = printable(text::render_list_report(*list));
        if (const auto written = replace_file(arguments.report, page); !written)
            return ended_with(status::wrong, written.error());
        return {.out = fmt::format("wrote {}\n", arguments.report)};
    }
    if (arguments.json) return {.out = list_to_json(*list)};
    return {.out = arguments.tree ? render_list_tree(*list, style) : render_list(*list, style)};
}

}  // namespace tenon::cli
