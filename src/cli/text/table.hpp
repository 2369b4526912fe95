// Text in aligned columns, each cell wrapped to the width of its column.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/text/terminal.hpp"

namespace tenon::cli::text {

/// One cell.
struct Cell {
    std::string text;
    Tone tone = Tone::Plain;
    std::string lead;  ///< Stands before the text, emphasized.
};

/// Rows of cells. A column is as wide as its widest cell, up to its limit; the last one takes what
/// is left of the line. Where that is too little the others wrap between words, the widest first;
/// where even that is too wide each row becomes a list.
class Table {
public:
    /// A column.
    struct Column {
        std::string title;        ///< Titles are printed if any column has one.
        std::size_t limit = 400;  ///< Columns of text; longer cells are wrapped.
    };

    explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

    /// Adds a row; missing cells are empty.
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    bool empty() const { return rows_.empty(); }

    /// The whole table, every line `indent` columns in. Lines have no space at their end.
    std::string render(const TextStyle& style, std::size_t indent) const;

private:
    std::size_t widest_cell(std::size_t column) const;
    std::size_t longest_word(std::size_t column) const;
    // Nothing if the table cannot be made to fit.
    std::optional<std::vector<std::size_t>> widths(const TextStyle& style,
                                                   std::size_t indent) const;
    std::string render_list(const TextStyle& style, std::size_t indent) const;
    static std::string render_row(const std::vector<Cell>& row,
                                  const std::vector<std::size_t>& widths, const TextStyle& style,
                                  std::size_t indent);

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

/// `text` wrapped, every line `indent` columns in and those after the first `hang` more.
std::string paragraph(std::string_view text, const TextStyle& style, std::size_t indent,
                      std::size_t hang = 0, Tone tone = Tone::Plain);

}  // namespace tenon::cli::text
