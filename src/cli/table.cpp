#include "cli/table.hpp"

#include <algorithm>

namespace tenon::cli {
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

std::vector<std::size_t> Table::widths(const TextStyle& style, std::size_t indent) const {
    std::vector<std::size_t> widths;
    std::size_t used = indent;
    for (std::size_t n = 0; n < columns_.size(); ++n) {
        auto width = columns(columns_[n].title);
        for (const auto& row : rows_)
            if (n < row.size()) width = std::max(width, columns(whole_text(row[n])));
        width = std::min(width, columns_[n].limit);
        if (n + 1 == columns_.size()) {
            const auto left = style.width > used ? style.width - used : 0;
            width = std::min(width, std::max(left, narrowest_last));
        }
        widths.push_back(width);
        used += width + gap;
    }
    return widths;
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
    const auto width = widths(style, indent);
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

}  // namespace tenon::cli
