// The options by which a process becomes a device of the guest, each once: commands, help, the file
// of a machine and the page of keys read them here.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "library/words/backend_argument.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {

/// One of them. Its name is also that of the table in the file of a machine.
struct BackendOption {
    std::string_view name;   ///< "disk", of --disk.
    std::string_view first;  ///< What stands before the keys, as a key of that table: "file".
    std::string_view usage;  ///< "FILE[,key=value...]"
    std::string_view what;   ///< The device, a sentence that ends without a stop.
    Result<BackendArgument> (*parse)(std::string_view text);
    /// Whether some of its keys are right by themselves, and whether all of them are together.
    Result<void> (*check)(std::string_view text);
    Result<void> (*check_whole)(std::string_view text);
    std::vector<KeyWords> (*keys)();
};

/// In the order in which their devices get places.
std::span<const BackendOption> backend_options();

/// The option of that name; null: there is none.
const BackendOption* find_backend_option(std::string_view name);

/// What was typed behind them, by the name of the option.
using BackendTexts = std::map<std::string, std::vector<std::string>, std::less<>>;

/// How many were typed.
std::size_t count_of(const BackendTexts& texts);

/// All of them, in the order of backend_options().
/// Errors: those of BackendOption::parse.
Result<std::vector<BackendArgument>> parse_backends(const BackendTexts& texts);

}  // namespace tenon::library::words
