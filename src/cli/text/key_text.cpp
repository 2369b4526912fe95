#include "cli/text/key_text.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text/terminal.hpp"

namespace tenon::cli::text {

std::string render_keys(std::span<const library::words::KeyWords> keys, std::size_t indent,
                        std::size_t column) {
    constexpr std::size_t width = 100;
    std::string text;
    for (const auto& key : keys) {
        auto head = fmt::format("{:{}}{}={}  ", "", indent, key.name, key.value);
        head.resize(std::max(head.size(), column), ' ');
        // A head that is too long for the column takes its part of the first line.
        const std::string taken(head.size() - column, 'x');
        auto lines = wrap(taken + std::string{key.what}, width - column);
        lines.front().erase(0, taken.size());
        for (std::size_t n = 0; n < lines.size(); ++n)
            text += (n == 0 ? head : std::string(column, ' ')) + lines[n] + '\n';
    }
    return text;
}

}  // namespace tenon::cli::text
