// `tenon list`: which functions this host has, or the one that a file is of, and which of them can
// be assigned.
#pragma once

#include <string>

#include "cli/outcome.hpp"
#include "cli/text/library.hpp"
#include "cli/text/terminal.hpp"

namespace tenon::cli {

/// The list for people, laid out for the width of `style`.
std::string render_list(const FunctionList& list, const text::TextStyle& style);

/// The same as a tree.
std::string render_list_tree(const FunctionList& list, const text::TextStyle& style);

/// How `list` is to be printed.
struct ListArguments {
    std::string file = {};  ///< What is listed in place of this host; empty: this host.
    bool json = false;
    bool tree = false;
    std::string report;  ///< The file of a page; empty: none.
    Names names = Names::Told;
};

/// Lists. Never opens a device.
Outcome run_list(const Host& host, const ListArguments& arguments, const text::TextStyle& style);

}  // namespace tenon::cli
