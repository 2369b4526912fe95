#include "cli/text/map_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "cli/text/library.hpp"
#include "cli/text/map_words.hpp"
#include "cli/text/table.hpp"

namespace tenon::cli::text {
namespace {

using model::machine::ConfigCell;
using model::machine::ConfigMap;

constexpr std::size_t offset_columns = 6;  // "0x100 "
constexpr std::string_view gap = "  ";

std::size_t cells_in_row(const TextStyle& style) {
    const auto fits = [&](std::size_t cells) {
        return offset_columns + 2 * cells + gap.size() <= style.width;
    };
    return fits(64) ? 64 : fits(32) ? 32 : 16;
}

// The ruler above one side: its name, then the bytes from the row's start.
std::string ruler(std::string_view name, std::size_t cells) {
    auto text = fmt::format("{:<8}", name);
    for (std::size_t cell = 8; cell < cells; cell += 8)
        text += fmt::format("{:<8}", fmt::format("+{:02x}", cell * 4));
    return text;
}

// One side of a row, painted in runs of one colour.
template <typename Letter>
std::string side(std::span<const ConfigCell> row, const TextStyle& style, Letter letter) {
    std::string text;
    std::string run;
    for (std::size_t n = 0; n < row.size(); ++n) {
        run += letter(row[n]);
        if (n + 1 < row.size() && tone_of(row[n]) == tone_of(row[n + 1])) continue;
        text += style.paint(tone_of(row[n]), run);
        run.clear();
    }
    return text;
}

std::string render_rows(const ConfigMap& map, const model::function::FunctionView& view,
                        const TextStyle& style) {
    const auto cells = cells_in_row(style);
    auto text =
        style.paint(Tone::Faint, fmt::format("{:{}}{}{}{}", "", offset_columns,
                                             ruler("host", cells), gap, ruler("guest", cells))) +
        '\n';
    const std::span all{map.cells};
    for (std::size_t first = 0; first < all.size();) {
        const auto row = all.subspan(first, cells);
        text += fmt::format("{:#05x} ", first * 4);
        text += side(row, style, host_letter);
        text += gap;
        text += side(row, style, [&](const ConfigCell& cell) { return guest_letter(cell, view); });
        text += '\n';
        // Rows that repeat the one above are told, not shown.
        auto next = first + cells;
        while (next < all.size() && std::ranges::equal(row, all.subspan(next, cells)))
            next += cells;
        if (next > first + 2 * cells) {
            text += style.paint(Tone::Faint, fmt::format("{:{}}the same up to {:#x}\n", "",
                                                         offset_columns, next * 4 - 1));
            first = next;
        } else {
            first += cells;
        }
    }
    return text;
}

std::string render_letters(std::string_view title, std::span<const LetterWords> words,
                           const TextStyle& style) {
    Table table{{{}, {}}};
    for (const auto& one : words)
        table.add({{.text = std::string{one.letter}, .tone = one.tone},
                   {.text = std::string{one.words}, .tone = one.tone}});
    return style.paint(Tone::Strong, title) + '\n' + table.render(style, 2);
}

std::string offset_of(std::optional<std::uint16_t> at) { return at ? hex(*at, 2) : "-"; }

std::string render_capabilities(const model::function::FunctionView& view, const TextStyle& style) {
    if (view.capabilities.empty()) return "";
    Table table{{{""}, {"host"}, {"guest"}, {"bytes"}, {"what"}, {"capability"}}};
    for (std::size_t n = 0; n < view.capabilities.size(); ++n) {
        const auto& decision = view.capabilities[n];
        table.add({{.text = std::string{capability_letter(n)}, .tone = Tone::Strong},
                   {.text = offset_of(decision.host_offset)},
                   {.text = offset_of(decision.guest_offset)},
                   {.text = std::to_string(decision.size)},
                   {.text = std::string{model::chosen::name_of(decision.action)}},
                   {.text = decision.name}});
    }
    return style.paint(Tone::Strong, "Capabilities") + '\n' + table.render(style, 2);
}

std::string render(const model::slot::FunctionPlan& function, const TextStyle& style) {
    auto text = style.paint(Tone::Strong, map_title(function)) + '\n';
    if (known_config(function.facts) == 0) return text + paragraph(no_bytes_for_a_map, style, 2, 2);
    const auto map = model::machine::map_config(function);
    text += render_rows(map, function.view, style) + '\n';
    text += render_capabilities(function.view, style);
    if (const auto strays = stray_words(map); !strays.empty())
        text +=
            paragraph("Registers that no capability names: " + strays, style, 0, 2, Tone::Warning);
    text += render_letters("On the host, a letter for each dword", host_words(), style);
    if (function.view.guest_view)
        text += render_letters("In the guest", guest_words(), style);
    else
        text += paragraph("No guest sees this function: it stays with the host.", style, 0);
    return text;
}

}  // namespace

std::string render_map_text(const model::machine::MachinePlan& plan, const TextStyle& style) {
    std::string text;
    for (const auto& port : plan.ports)
        for (const auto& function : port->functions)
            text += (text.empty() ? "" : "\n") + render(function, style);
    return text;
}

}  // namespace tenon::cli::text
