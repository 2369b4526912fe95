// What shells offer behind a word that was begun: commands, options, addresses of devices, names of
// ports, machine versions and keys.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/text/help_page.hpp"

namespace tenon::cli::text {

/// A command, and the options that its help has.
struct CompletedCommand {
    std::string_view name;
    std::string_view what;
    HelpPage page;
};

/// Scripts for the shells: each is a whole file.
std::string bash_completion(std::span<const CompletedCommand> commands);
std::string zsh_completion(std::span<const CompletedCommand> commands);
std::string fish_completion(std::span<const CompletedCommand> commands);

}  // namespace tenon::cli::text
