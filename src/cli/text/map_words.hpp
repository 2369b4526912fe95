// Letters and words that both pictures of configuration space use.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/text/terminal.hpp"
#include "model/machine/config_map.hpp"

namespace tenon::cli::text {

/// "A" to "Z", "a" to "z" and again: the letter of the capability with this index.
char capability_letter(std::size_t index);

/// Whose a dword is on the host: a capability's letter, "#" the header, "+" a register that no
/// capability names, "." nothing, " " not read.
char host_letter(const model::machine::ConfigCell& cell);

/// What the guest gets: "p", "r", "m", "e", "s", "-", "." or " "; see guest_words().
char guest_letter(const model::machine::ConfigCell& cell,
                  const model::function::FunctionView& view);

/// The colour of it.
Tone tone_of(const model::machine::ConfigCell& cell);

/// A letter and what it means.
struct LetterWords {
    char letter;
    std::string_view words;
    Tone tone;
};
std::span<const LetterWords> host_words();
std::span<const LetterWords> guest_words();

/// What stands in place of a map where nobody has any bytes.
inline constexpr std::string_view no_bytes_for_a_map =
    "there are no bytes of it, so no map: lspci -xxxx, as root, has them";

/// "0x44-0x4f, 0x90-0x93" of the registers that no capability names; empty if there are none.
std::string stray_words(const model::machine::ConfigMap& map);

/// "nvme0, 0000:65:00.0, 144d:a808: Non-Volatile memory controller".
std::string map_title(const model::slot::FunctionPlan& function);

}  // namespace tenon::cli::text
