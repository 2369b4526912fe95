// The words of a command as a shell takes them apart, each with its line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "managed/said/value.hpp"

namespace tenon::managed::qemu {

/// One word.
struct Word {
    std::string text;
    said::Place place;
    bool variable = false;  ///< A shell would put the value of a variable or a command in.
};

/// What one input may have.
inline constexpr std::size_t longest_input = std::size_t{4} << 20;
inline constexpr std::size_t most_words = 100'000;

/// The words of the first command in `text` that starts QEMU, or of the first of all: quotes and
/// backslashes as POSIX shells have them, a backslash at a line's end goes on, # begins a comment.
/// In a text with zero bytes each ends a word, as in /proc/PID/cmdline. `file` is for places.
/// Assignments and programs in front of QEMU (`sudo`, `nice -n 5`) are left out.
/// Errors: Malformed for a quote without its end, too much text, or no word at all.
/// Source: POSIX.1-2017, Shell Command Language, 2.2, 2.3.
Result<std::vector<Word>> read_command(std::string_view text, std::string_view file);

/// The same of words that a shell has taken apart already.
/// Errors: Malformed for no word.
Result<std::vector<Word>> read_command(const std::vector<std::string>& words,
                                       std::string_view file);

/// Takes `text` apart at spaces and quotes into words that all stand at `place`.
/// Errors: Malformed for a quote without its end.
Result<std::vector<Word>> split_words(std::string_view text, const said::Place& place);

}  // namespace tenon::managed::qemu
