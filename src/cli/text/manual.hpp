// Manual pages, in the language of man(7).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/text/help_page.hpp"
#include "library/words/keys.hpp"

namespace tenon::cli::text {

/// What stands in the head and the foot of a page.
struct ManualTitle {
    std::string_view name;  ///< "tenon-plan"
    std::string_view section = "1";
    std::string_view what;      ///< In one line, for whatis.
    std::string_view date;      ///< Of the version: "2026-12-03".
    std::string_view see_also;  ///< "tenon(1), tenon-run(1)"
};

/// The page of a command.
std::string manual_of_help(const ManualTitle& title, const HelpPage& page);

/// A table of keys with words above it.
struct ManualKeys {
    std::string_view title;
    std::string_view words;
    std::vector<library::words::KeyWords> keys;
};

/// The page of the file of a machine: its keys are the options of `run`, and those of its tables.
std::string manual_of_file(const ManualTitle& title, const HelpPage& run,
                           std::span<const ManualKeys> tables);

/// The page of a header in C: each declaration with the comment above it.
std::string manual_of_header(const ManualTitle& title, std::string_view header);

}  // namespace tenon::cli::text
