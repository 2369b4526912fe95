// A text of --help in its parts, from which manual pages and shells' completions are made: so these
// say what the help says, and an option or a key is written once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::cli::text {

/// One thing that is explained: an option, a key, a form of a word.
struct HelpItem {
    std::string head;              ///< "-v, --verbose", "--port NAME[,key=value...]", "id=NAME"
    std::string what;              ///< In one line.
    std::vector<HelpItem> keys{};  ///< Of it, one level deep.
};

/// A paragraph, or what is explained below one.
struct HelpBlock {
    std::string words{};            ///< In one line. May be empty.
    std::vector<HelpItem> items{};  ///< May be empty.
};

/// The whole text.
struct HelpPage {
    std::vector<std::string> usage;     ///< A line each, without "Usage:".
    std::vector<HelpBlock> blocks;      ///< The first is what the command does.
    std::string status;                 ///< What is behind "Exit status:". May be empty.
    std::vector<std::string> examples;  ///< Lines, as they stand.
};

/// Reads a text of cli/help.hpp.
HelpPage read_help(std::string_view text);

}  // namespace tenon::cli::text
