// What is said of a command line that is wrong.
#pragma once

#include <string>
#include <string_view>

#include "cli/outcome.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace tenon::cli {

/// Wrong usage of `command` (empty: of the program): what is wrong, and where help is.
Outcome wrong_usage(std::string_view command, std::string_view what);

/// The end of parsing by `app`: the help or version that was asked for, or a mistake, in our words.
Outcome parsing_ended(const CLI::ParseError& error, const CLI::App& app);

}  // namespace tenon::cli
