// The words that a function of the C face is given: those of the program's command line.
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenon::library::c {

/// A word that begins with "-".
template <typename Target>
struct WordOption {
    std::string_view name;  ///< "--port"
    bool valued = true;     ///< "--port VALUE" or "--port=VALUE"; else the word alone.
    Result<void> (*take)(Target& target, std::string_view value);
};

/// The words as a program handed them over, which may be wrong in any way but their number.
/// Errors: Malformed for a null pointer.
Result<std::vector<std::string>> copy_words(const char* const* words, std::size_t count);

/// Takes the words one by one; what is no option goes to `plain`.
/// Errors: Malformed for an unknown option or one without its value; those of `take` and `plain`.
template <typename Target, std::size_t Count>
Result<void> take_words(std::span<const std::string> words,
                        const std::array<WordOption<Target>, Count>& options, Target& target,
                        Result<void> (*plain)(Target& target, std::string_view word)) {
    for (std::size_t n = 0; n < words.size(); ++n) {
        const std::string_view word = words[n];
        // A "-" alone names standard input.
        if (!word.starts_with('-') || word == "-") {
            TENON_TRY_DO(plain(target, word), "");
            continue;
        }
        const auto equals = word.find('=');
        const auto name = word.substr(0, equals);
        const auto option = std::ranges::find(options, name, &WordOption<Target>::name);
        if (option == options.end())
            return malformed(
                "unknown word {}; known: {}", name,
                fmt::join(options | std::views::transform(&WordOption<Target>::name), ", "));
        if (!option->valued) {
            if (equals != std::string_view::npos) return malformed("{} takes no value", name);
            TENON_TRY_DO(option->take(target, {}), "");
        } else if (equals != std::string_view::npos) {
            TENON_TRY_DO(option->take(target, word.substr(equals + 1)), "");
        } else {
            if (++n == words.size()) return malformed("{} needs a value", name);
            TENON_TRY_DO(option->take(target, words[n]), "");
        }
    }
    return {};
}

}  // namespace tenon::library::c
