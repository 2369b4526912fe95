#include "cli/usage.hpp"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <ranges>
#include <sstream>

namespace tenon::cli {
namespace {

// The command that was given. The library lists those that were parsed.
std::string command_of(const CLI::App& app) {
    const auto given = app.get_subcommands();
    return given.empty() ? std::string{} : given.front()->get_name();
}

std::string unexpected_word(const std::string& word, std::string_view command,
                            const CLI::App& app) {
    if (word.starts_with('-')) return fmt::format("unknown option {}", word);
    if (!command.empty()) return fmt::format("\"{}\" is one argument too many", word);
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    return fmt::format("unknown command \"{}\"; known: {}", word,
                       fmt::join(commands | std::views::transform([](const CLI::App* known) {
                                     return known->get_name();
                                 }),
                                 ", "));
}

// The library says which kind of value is missing where; what it did not expect it keeps in
// a list.
std::string words_for(const CLI::ParseError& error, std::string_view command, const CLI::App& app) {
    std::string what = error.what();
    const auto unexpected = app.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty())
        return unexpected_word(unexpected.front(), command, app);
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
        return fmt::format("{} needs a value", what.substr(0, what.find(':')));
    return what;
}

}  // namespace

Outcome wrong_usage(std::string_view command, std::string_view what) {
    return ended_with(status::wrong, fmt::format("{}. See: tenon {}{}--help", what, command,
                                                 command.empty() ? "" : " "));
}

Outcome parsing_ended(const CLI::ParseError& error, const CLI::App& app) {
    std::ostringstream out;
    std::ostringstream err;
    if (app.exit(error, out, err) == 0) return {.status = status::good, .out = out.str()};
    const auto command = command_of(app);
    return wrong_usage(command, words_for(error, command, app));
}

}  // namespace tenon::cli
