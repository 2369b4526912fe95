// The list of key=value after the name of a device, a port or a size of memory.
//
// Each key is declared once, in a table: parsers, --help and docs/users/keys.md read it there. The
// file of a machine has no keys of its own; it is read by the same parsers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tenon::library::words {

/// A key in words for users.
struct KeyWords {
    std::string_view name;
    std::string_view value;  ///< What may be behind the "=": "on|off", "NAME".
    std::string_view what;   ///< What it does, a phrase that ends without a stop.
};

/// A key that a `Target` may have.
template <typename Target>
struct Key {
    KeyWords words;
    /// Takes the value. `of` names the owner of the key in errors.
    /// Errors: Malformed, with what the value may be.
    Result<void> (*take)(Target& target, std::string_view of, std::string_view value);
};

/// The words of a table.
template <typename Keys>
std::vector<KeyWords> words_of(const Keys& table) {
    std::vector<KeyWords> words;
    for (const auto& key : table)
        words.push_back(key.words);
    return words;
}

/// One of them, as it was typed. Views into the text that was parsed.
struct KeyValue {
    std::string_view key;
    std::string_view value;
};

/// Reads "key=value,key=value". `of` names the owner in errors; `known` are the keys it may have.
/// Errors: Malformed for what is not key=value, an unknown key, an empty value, a key given twice.
Result<std::vector<KeyValue>> parse_keys(std::string_view text, std::string_view of,
                                         std::span<const KeyWords> known);

/// "key=value,key" with "=on" behind each key that stands alone and is on or off.
std::string switched_on(std::string_view text, std::span<const KeyWords> known);

/// Whether the value of `key` is "on" or "off".
/// Errors: Malformed.
Result<bool> parse_switch(std::string_view of, std::string_view key, std::string_view value);

/// Gives the value to the key of `table` that has its name. False: none has.
/// Errors: those of the key.
template <typename Keys, typename Target>
Result<bool> take_key(const Keys& table, Target& target, std::string_view of,
                      const KeyValue& pair) {
    for (const auto& key : table) {
        if (key.words.name != pair.key) continue;
        TENON_TRY_DO(key.take(target, of, pair.value), "");
        return true;
    }
    return false;
}

/// Puts what was read into its place.
template <typename Place, typename Value>
Result<void> store(Place& place, Result<Value> read) {
    if (!read) return std::unexpected(std::move(read).error());
    place = *std::move(read);
    return {};
}

/// Checks the text of a device or a port before it is read: how long it may be, and no zero byte,
/// at which the kernel would end the name of a file. `what` is which of both it is.
/// Errors: Malformed.
Result<void> check_argument(std::string_view text, std::string_view what);

/// Checks a name that somebody chose for a port or a device: letters, digits, "_", "-" and "."; at
/// most longest_name of them.
/// Errors: Malformed, quoting it.
Result<void> check_name(std::string_view name, std::string_view what);

}  // namespace tenon::library::words
