#include "library/words/keys.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "base/text.hpp"
#include "library/words/limits.hpp"

namespace tenon::library::words {

Result<std::vector<KeyValue>> parse_keys(std::string_view text, std::string_view of,
                                         std::span<const KeyWords> known) {
    std::vector<KeyValue> keys;
    for (const auto part : split(text, ',')) {
        const auto equals = part.find('=');
        if (equals == std::string_view::npos)
            return malformed("{}: \"{}\" is not key=value", of, part);
        const KeyValue pair{.key = part.substr(0, equals), .value = part.substr(equals + 1)};
        if (std::ranges::find(known, pair.key, &KeyWords::name) == known.end()) {
            if (known.empty())
                return malformed("{}: unknown key \"{}\"; it has none", of, pair.key);
            return malformed("{}: unknown key \"{}\"; known: {}", of, pair.key,
                             fmt::join(known | std::views::transform(&KeyWords::name), ", "));
        }
        if (pair.value.empty()) return malformed("{}: {}= has no value", of, pair.key);
        if (std::ranges::find(keys, pair.key, &KeyValue::key) != keys.end())
            return malformed("{}: {}= is given twice", of, pair.key);
        keys.push_back(pair);
    }
    return keys;
}

std::string switched_on(std::string_view text, std::span<const KeyWords> known) {
    std::string all;
    for (const auto part : split(text, ',')) {
        const auto key = std::ranges::find(known, part, &KeyWords::name);
        const bool alone = key != known.end() && key->value == "on|off";
        all += fmt::format("{}{},", part, alone ? "=on" : "");
    }
    all.pop_back();
    return all;
}

Result<bool> parse_switch(std::string_view of, std::string_view key, std::string_view value) {
    if (value == "on") return true;
    if (value == "off") return false;
    return malformed("{}: {}={}: known are on, off", of, key, value);
}

Result<void> check_argument(std::string_view text, std::string_view what) {
    if (text.size() > longest_argument)
        return malformed("a {}: longer than {} bytes", what, longest_argument);
    if (static_cast<std::size_t>(std::ranges::count(text, ',')) >= most_parts)
        return malformed("a {}: longer than {} parts between commas", what, most_parts);
    if (text.contains('\0')) return malformed("a {}: a zero byte cannot be in it", what);
    return {};
}

Result<void> check_name(std::string_view name, std::string_view what) {
    if (name.size() > longest_name)
        return malformed("{}: a name longer than {} bytes", what, longest_name);
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    if (!name.empty() && name.find_first_not_of(allowed) == std::string_view::npos) return {};
    return malformed("{} \"{}\": a name has letters, digits, \"_\", \"-\" and \".\"", what, name);
}

}  // namespace tenon::library::words
