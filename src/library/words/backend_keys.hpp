// What the arguments of all Virtio devices that are processes have in common, however the process
// comes: how they are read, and the keys that say what the device is called and where it is.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "library/words/backend_argument.hpp"
#include "library/words/device_argument.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {

/// As many entries as a back end's requests have parts, which some tell as 126.
inline constexpr std::uint16_t usual_queue_size = 256;

/// Rows for a `Said` that has a BackendArgument `argument`.
template <typename Said>
inline constexpr std::array place_keys{
    Key<Said>{.words = {"id", "NAME", "what the device is called (dev0, dev1, ...)"},
              .take = [](Said& said, std::string_view of, std::string_view value) -> Result<void> {
                  TENON_TRY_DO(check_name(value, "id"), of);
                  said.argument.id = value;
                  return {};
              }},
    Key<Said>{.words = {"port", "NAME", "the root port it is behind; without it, one of its own"},
              .take = [](Said& said, std::string_view of, std::string_view value) -> Result<void> {
                  TENON_TRY_DO(check_name(value, "port"), of);
                  said.argument.port = value;
                  return {};
              }},
    Key<Said>{
        .words = {"function", "0-7", "its number in the slot; without it, the first that is free"},
        .take =
            [](Said& said, std::string_view of, std::string_view value) {
                return store(said.argument.function, parse_function(of, value));
            }},
};

/// One table of two.
template <typename Row, std::size_t A, std::size_t B>
constexpr std::array<Row, A + B> joined(const std::array<Row, A>& a, const std::array<Row, B>& b) {
    std::array<Row, A + B> all{};
    std::ranges::copy(a, all.begin());
    std::ranges::copy(b, all.begin() + A);
    return all;
}

/// Reads `NAME[,key=value…]` of `option`: what stands before the keys, a view into `text`, which is
/// `what` in words. A key that is on or off may stand alone: it is on.
/// Errors: Malformed.
template <typename Keys, typename Said>
Result<std::string_view> read_backend(std::string_view text, std::string_view option,
                                      std::string_view what, const Keys& table, Said& said) {
    TENON_TRY_DO(check_argument(text, option), "");
    const auto comma = std::min(text.find(','), text.size());
    const auto name = text.substr(0, comma);
    if (name.empty()) return malformed("{} \"{}\": no {} is named", option, text, what);
    if (comma == text.size()) return name;
    const auto known = words_of(table);
    const auto pairs = switched_on(text.substr(comma + 1), known);
    TENON_TRY(keys, parse_keys(pairs, name, known), "");
    for (const auto& pair : keys)
        TENON_TRY_DO(take_key(table, said, name, pair), "");
    return name;
}

}  // namespace tenon::library::words
