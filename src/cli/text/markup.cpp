#include "cli/text/markup.hpp"

#include <fmt/core.h>

namespace tenon::cli::text {
namespace {

// No class of a picture in the page is used here.
constexpr std::string_view styles = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --faint: #59636e;
  --line: #d1d9e0; --panel: #f6f8fa; --good: #1a7f37; --bad: #cf222e; --warning: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --paper: #15191f; --ink: #e6edf3; --faint: #9198a1;
  --line: #3d444d; --panel: #1d232b; --good: #4ac26b; --bad: #ff7b72; --warning: #d29922; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin-bottom: .25rem }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top }
th { background: var(--panel) }
pre, code { font: 13px/1.45 ui-monospace, monospace }
pre { background: var(--panel); padding: .75rem; overflow-x: auto }
.wide { overflow-x: auto } .wide td { min-width: 5rem }
.tree, .tree ul { list-style: none; padding-left: 1.25rem; border-left: 1px solid var(--line) }
.good { color: var(--good); font-weight: 600 } .bad { color: var(--bad); font-weight: 600 }
.warning { color: var(--warning) } .faint { color: var(--faint) }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem }
@media (max-width: 30rem) { .columns { grid-template-columns: 1fr } body { padding: .5rem } }
@media print { body { max-width: none; padding: 0 } section, tr { break-inside: avoid }
  pre { white-space: pre-wrap } details > * { display: block } }
)";

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char letter : text) {
        switch (letter) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                // XML has no other control characters, whatever a file's name has.
                safe += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' ? ' ' : letter;
        }
    }
    return safe;
}

std::string element(std::string_view name, std::string_view text, std::string_view kind) {
    const auto attribute = kind.empty() ? "" : fmt::format(" class=\"{}\"", kind);
    return fmt::format("<{0}{1}>{2}</{0}>", name, attribute, escaped(text));
}

std::string section(std::string_view id, std::string_view title, std::string_view markup) {
    if (markup.empty()) return "";
    return fmt::format("<section id=\"{}\">\n{}\n{}</section>\n", id, element("h2", title), markup);
}

std::string html_table(const std::vector<std::string_view>& titles,
                       const std::vector<std::vector<std::string>>& rows) {
    if (rows.empty()) return "";
    std::string html{"<div class=\"wide\"><table>\n<thead><tr>"};
    for (const auto title : titles)
        html += element("th", title);
    html += "</tr></thead>\n<tbody>\n";
    for (const auto& row : rows) {
        html += "<tr>";
        for (const auto& cell : row)
            html += element("td", cell);
        html += "</tr>\n";
    }
    return html + "</tbody></table></div>\n";
}

std::string html_list(const std::vector<std::string>& items) {
    if (items.empty()) return "";
    std::string html{"<ul>\n"};
    for (const auto& item : items)
        html += element("li", item) + '\n';
    return html + "</ul>\n";
}

std::string html_page(std::string_view title, std::string_view markup) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "{}\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        element("title", title), styles, markup);
}

}  // namespace tenon::cli::text
