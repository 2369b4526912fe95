#include "base/shell.hpp"

namespace tenon {

std::string shell_word(std::string_view word) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.,:=+/@%";
    // A # begins a comment only at the start of a word.
    const bool hash = word.starts_with('#');
    if (!word.empty() && !hash &&
        word.find_first_not_of(std::string{plain} + '#') == std::string_view::npos)
        return std::string{word};
    std::string quoted = "'";
    for (const char letter : word)
        quoted += letter == '\'' ? std::string{"'\\''"} : std::string{letter};
    return quoted + '\'';
}

}  // namespace tenon
