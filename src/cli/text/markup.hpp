// What the pages and pictures that Tenon writes have in common: HTML and SVG.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::cli::text {

/// `text` as the content of an element or of an attribute in double quotes.
std::string escaped(std::string_view text);

/// One element with `text` in it, escaped. `kind` is its class; empty: none. Both are our own
/// words.
std::string element(std::string_view name, std::string_view text, std::string_view kind = {});

/// A section with a title and an id, around markup; empty if that is.
std::string section(std::string_view id, std::string_view title, std::string_view markup);

/// A table; cells are text.
std::string html_table(const std::vector<std::string_view>& titles,
                       const std::vector<std::vector<std::string>>& rows);

/// A list of texts; empty if there is none.
std::string html_list(const std::vector<std::string>& items);

/// A whole page around markup. It asks nobody for anything: no script, styles of its own, for light
/// and dark, wide and narrow, and paper.
std::string html_page(std::string_view title, std::string_view markup);

}  // namespace tenon::cli::text
