#include "library/words/toml_depth.hpp"

#include <algorithm>

namespace tenon::library::words {
namespace {

// The length of the text in quotes that `text` begins with, its quotes included.
std::size_t quoted_size(std::string_view text) {
    const char quote = text[0];
    const auto run_at = [&](std::size_t at) {
        return std::min(text.find_first_not_of(quote, at), text.size()) - at;
    };
    const auto opening = run_at(0);
    if (opening == 2) return 2;  // An empty one.
    const bool many_lines = opening >= 3;
    for (std::size_t at = many_lines ? 3 : 1; at < text.size();) {
        if (quote == '"' && text[at] == '\\') {
            at += 2;
        } else if (text[at] == quote) {
            const auto run = run_at(at);
            if (!many_lines) return at + 1;
            // Two more may stand before the three that end it.
            if (run >= 3) return at + std::min<std::size_t>(run, 5);
            at += run;
        } else if (text[at] == '\n' && !many_lines) {
            return at;  // No TOML: no parser comes further.
        } else {
            ++at;
        }
    }
    return text.size();
}

}  // namespace

std::optional<std::size_t> find_too_deep(std::string_view text) {
    std::size_t brackets = 0;
    std::size_t dots = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char letter = text[at];
        if (letter == '"' || letter == '\'') {
            at += std::max<std::size_t>(quoted_size(text.substr(at)), 1);
            continue;
        }
        if (letter == '#') {
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (letter == '.') ++dots;
        if (letter == '\n' || letter == '=' || letter == ',') dots = 0;
        if (letter == '[' || letter == '{') ++brackets;
        if (letter == ']' || letter == '}') brackets -= brackets == 0 ? 0 : 1;
        if (brackets > deepest_toml || dots >= deepest_toml)
            return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
        ++at;
    }
    return std::nullopt;
}

}  // namespace tenon::library::words
