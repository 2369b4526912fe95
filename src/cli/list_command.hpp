// `tenon list`: which functions this host has, and which of them can be assigned.
#pragma once

#include <string>

#include "cli/outcome.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"

namespace tenon::cli {

/// The list for people, laid out for the width of `style`.
std::string render_list(const FunctionList& list, const text::TextStyle& style);

/// The list as one JSON object; docs/users/list-and-diff.md describes it.
std::string render_list_json(const FunctionList& list);

/// Lists. Never opens a device.
Outcome run_list(const Host& host, bool json, const text::TextStyle& style,
                 Names names = Names::Told);

}  // namespace tenon::cli
