#include "cli/diff_command.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/text/table.hpp"

namespace tenon::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string render_text(const text::Comparison& comparison, const DiffArguments& arguments,
                        const text::TextStyle& style) {
    std::string text;
    if (comparison.differences.empty()) {
        text += style.paint(text::Tone::Good, "The guest would see the same of both.") + '\n';
    } else {
        text += fmt::format("A: {}\nB: {}\n\n", arguments.a, arguments.b);
        const auto limit = style.width > 80 ? style.width / 3 : 24;
        text::Table table{{{"what", limit}, {"A", limit}, {"B"}}};
        for (const auto& one : comparison.differences)
            table.add({{.text = one.where, .tone = text::Tone::Strong},
                       {.text = one.a, .tone = text::Tone::Warning},
                       {.text = one.b, .tone = text::Tone::Ours}});
        text += table.render(style, 0);
    }
    if (comparison.not_compared.empty()) return text;
    text += "\nNot compared:\n";
    for (const auto& sentence : comparison.not_compared)
        text += text::paragraph(sentence, style, 2, 2, text::Tone::Faint);
    return text;
}

std::string render_json(const text::Comparison& comparison, const DiffArguments& arguments) {
    auto differences = Json::array();
    for (const auto& one : comparison.differences)
        differences.push_back({{"where", one.where}, {"a", one.a}, {"b", one.b}});
    const Json object = {{"format", 1},
                         {"same", comparison.differences.empty()},
                         {"a", arguments.a},
                         {"b", arguments.b},
                         {"differences", std::move(differences)},
                         {"not_compared", comparison.not_compared}};
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace

Outcome run_diff(const Host& host, const DiffArguments& arguments, const text::TextStyle& style) {
    std::array<text::Comparable, 2> sides;
    for (std::size_t n = 0; n < sides.size(); ++n) {
        auto side =
            text::read_comparable(host, n == 0 ? arguments.a : arguments.b, arguments.opening);
        if (!side) return ended_with(status::wrong, side.error());
        sides.at(n) = *std::move(side);
    }
    const auto comparison = text::compare(sides[0], sides[1]);
    return {.status = comparison.differences.empty() ? status::good : status::refused,
            .out = arguments.json ? render_json(comparison, arguments)
                                  : render_text(comparison, arguments, style)};
}

}  // namespace tenon::cli
