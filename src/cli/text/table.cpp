#include "cli/text/table.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <string_view>

#include "base/text.hpp"

namespace tenon::cli::text {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest_last = 24;

std::string whole_text(const Cell& cell) {
    return cell.lead.empty() ? cell.text : fmt::format("{} {}", cell.lead, cell.text);
}

// One line of a cell. The lead is emphasized where it fits the first line, as it nearly always
// does.
std::string paint(const Cell& cell, const std::string& line, bool first, const TextStyle& style) {
    if (!first || cell.lead.empty() || !line.starts_with(cell.lead))
        return style.paint(cell.tone, line);
    return style.paint(Tone::Strong, cell.lead) +
           style.paint(cell.tone, line.substr(cell.lead.size()));
}

}  // namespace

std::size_t Table::widest_cell(std::size_t column) const {
    auto width = columns(columns_[column].title);
    for (const auto& row : rows_)
        if (column < row.size()) width = std::max(width, columns(whole_text(row[column])));
    return std::min(width, columns_[column].limit);
}

std::size_t Table::longest_word(std::size_t column) const {
    std::size_t width = 0;
    const auto look_at = [&](std::string_view text) {
        for (const auto word : split(text, ' '))
            width = std::max(width, columns(word));
    };
    look_at(columns_[column].title);
    for (const auto& row : rows_)
        if (column < row.size()) look_at(whole_text(row[column]));
    return width;
}

std::optional<std::vector<std::size_t>> Table::widths(const TextStyle& style,
                                                      std::size_t indent) const {
    std::vector<std::size_t> widths(columns_.size());
    std::ranges::generate(widths, [this, n = 0uz]() mutable { return widest_cell(n++); });
    const auto last = widths.back();
    const auto before = std::span{widths}.first(widths.size() - 1);
    auto needed = std::accumulate(before.begin(), before.end(), indent + gap * before.size()) +
                  std::min(last, narrowest_last);
    // By size: each gives what it can before a narrower one has to.
    std::vector<std::size_t> order(before.size());
    std::iota(order.begin(), order.end(), 0uz);
    std::ranges::stable_sort(order, std::greater{}, [&](auto n) { return before[n]; });
    for (const auto n : order) {
        if (needed <= style.width) break;
        const auto can_give = before[n] - std::min(before[n], longest_word(n));
        const auto gives = std::min(can_give, needed - style.width);
        before[n] -= gives;
        needed -= gives;
    }
    if (needed > style.width) return std::nullopt;
    widths.back() = std::min(last, style.width - needed + std::min(last, narrowest_last));
    return widths;
}

// Each row as a paragraph, its first cell in front and the others below it, by their titles.
std::string Table::render_list(const TextStyle& style, std::size_t indent) const {
    std::string text;
    for (const auto& row : rows_)
        for (std::size_t n = 0; n < row.size(); ++n) {
            if (row[n].text.empty()) continue;
            const auto& title = columns_[n].title;
            const auto mark = title.empty() || !row[n].lead.empty() ? std::string{}
                              : n == 0                              ? title + " "
                                                                    : title + ": ";
            text += paragraph(mark + whole_text(row[n]), style, indent + (n == 0 ? 0 : 2), 2,
                              row[n].tone);
        }
    return text;
}

std::string Table::render_row(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                              const TextStyle& style, std::size_t indent) {
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 0;
    for (std::size_t n = 0; n < row.size(); ++n) {
        cells.push_back(wrap(whole_text(row[n]), widths[n]));
        height = std::max(height, cells.back().size());
    }
    std::string text;
    for (std::size_t line = 0; line < height; ++line) {
        std::size_t at = 0;          // the column that the line has reached
        std::size_t start = indent;  // the column where the cell begins
        for (std::size_t n = 0; n < cells.size(); ++n) {
            if (line < cells[n].size() && !cells[n][line].empty()) {
                text.append(start - std::min(at, start), ' ');
                text += paint(row[n], cells[n][line], line == 0, style);
                at = start + columns(cells[n][line]);
            }
            start += widths[n] + gap;
        }
        text += '\n';
    }
    return text;
}

std::string Table::render(const TextStyle& style, std::size_t indent) const {
    const auto fitting = widths(style, indent);
    if (!fitting) return render_list(style, indent);
    const auto& width = *fitting;
    std::string text;
    if (std::ranges::any_of(columns_, [](const Column& one) { return !one.title.empty(); })) {
        std::vector<Cell> titles;
        titles.reserve(columns_.size());
        for (const auto& column : columns_)
            titles.push_back({.text = column.title, .tone = Tone::Faint});
        text += render_row(titles, width, style, indent);
    }
    for (const auto& row : rows_)
        text += render_row(row, width, style, indent);
    return text;
}

std::string paragraph(std::string_view text, const TextStyle& style, std::size_t indent,
                      std::size_t hang, Tone tone) {
    const auto inset = indent + hang;
    const auto width = std::max(style.width > inset ? style.width - inset : 0, narrowest_last);
    std::string result;
    for (const auto& line : wrap(text, width)) {
        result.append(result.empty() ? indent : inset, ' ');
        result += style.paint(tone, line);
        result += '\n';
    }
    return result;
}

}  // namespace tenon::cli::text
