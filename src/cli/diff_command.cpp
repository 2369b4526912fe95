#include "cli/diff_command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/text/table.hpp"
#include "pci/config_image.hpp"

namespace tenon::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string render_table(std::span<const text::Difference> differences,
                         const text::TextStyle& style) {
    const auto limit = style.width > 80 ? style.width / 3 : 24;
    text::Table table{{{"what", limit}, {"A", limit}, {"B"}}};
    for (const auto& one : differences)
        table.add({{.text = one.where, .tone = text::Tone::Strong},
                   {.text = one.a, .tone = text::Tone::Warning},
                   {.text = one.b, .tone = text::Tone::Ours}});
    return table.render(style, 0);
}

// What a comparison says of the guest where it found nothing.
std::string sameness(const text::Comparison& comparison, const text::TextStyle& style) {
    if (comparison.config_known == 0)
        return style.paint(text::Tone::Warning,
                           "Nothing is known to compare of what a guest would see: "
                           "the registers of both are wanted.");
    if (comparison.config_known <= pci::header_size)
        return style.paint(text::Tone::Good, fmt::format("The guest would see the same of both, as "
                                                         "far as the first {} bytes tell.",
                                                         comparison.config_known));
    return style.paint(text::Tone::Good, "The guest would see the same of both.");
}

// No difference was found, and it is known that there is none of what a guest sees.
bool is_same(const text::Comparison& comparison) {
    return comparison.differences.empty() && comparison.config_known != 0;
}

// Not known to be different either.
bool is_open(const text::Comparison& comparison) {
    return comparison.differences.empty() && comparison.config_known == 0;
}

std::string render_text(const text::Comparison& comparison, const DiffArguments& arguments,
                        const text::TextStyle& style) {
    const std::span all{comparison.differences};
    const auto of_guest = static_cast<std::size_t>(
        std::ranges::find_if(all, &text::Difference::on_host) - all.begin());
    std::string text;
    if (!all.empty()) text += fmt::format("A: {}\nB: {}\n\n", arguments.a, arguments.b);
    if (of_guest == 0)
        text += sameness(comparison, style) + '\n';
    else
        text += render_table(all.first(of_guest), style);
    if (of_guest < all.size())
        text += '\n' + style.paint(text::Tone::Strong, "On the host, and why") + '\n' +
                render_table(all.subspan(of_guest), style);
    const auto unknown = comparison.unknown_of_both.size();
    if (comparison.not_compared.empty() && unknown == 0) return text;
    text += "\nNot compared:\n";
    for (const auto& sentence : comparison.not_compared)
        text += text::paragraph(sentence, style, 2, 2, text::Tone::Faint);
    if (unknown != 0)
        text += text::paragraph(
            fmt::format("{} field{} that neither side knows (--json names {})", unknown,
                        unknown == 1 ? "" : "s", unknown == 1 ? "it" : "them"),
            style, 2, 2, text::Tone::Faint);
    return text;
}

std::string render_json(const text::Comparison& comparison, const DiffArguments& arguments) {
    auto differences = Json::array();
    for (const auto& one : comparison.differences)
        differences.push_back({{"where", one.where},
                               {"a", one.a},
                               {"b", one.b},
                               {"of", one.on_host ? "host" : "guest"}});
    const Json object = {{"format", 1},
                         {"same", is_open(comparison) ? Json(nullptr) : Json(is_same(comparison))},
                         {"a", arguments.a},
                         {"b", arguments.b},
                         {"differences", std::move(differences)},
                         {"not_compared", comparison.not_compared},
                         {"unknown_of_both", comparison.unknown_of_both}};
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

// What the options would say of two plans that were made already.
bool has_options(const MachineArguments& machine) {
    return !machine.version.empty() || !machine.viommu.empty() || !machine.ports.empty();
}

}  // namespace

Outcome run_diff(const Host& host, const DiffArguments& arguments, const text::TextStyle& style) {
    if (has_options(arguments.machine) && text::is_plan_file(arguments.a) &&
        text::is_plan_file(arguments.b))
        return ended_with(
            status::wrong,
            "A and B are plans that were made already: --machine, --viommu and --port "
            "say nothing of them");
    std::array<text::Comparable, 2> sides;
    for (std::size_t n = 0; n < sides.size(); ++n) {
        auto side =
            text::read_comparable(host, n == 0 ? arguments.a : arguments.b, arguments.machine);
        if (!side) return ended_with(status::wrong, side.error());
        sides.at(n) = *std::move(side);
    }
    const auto comparison = text::compare(sides[0], sides[1]);
    return {.status = is_same(comparison) ? status::good : status::refused,
            .out = arguments.json ? render_json(comparison, arguments)
                                  : render_text(comparison, arguments, style)};
}

}  // namespace tenon::cli
