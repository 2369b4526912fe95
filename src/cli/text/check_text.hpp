// What `tenon check` prints for people.
#pragma once

#include <string>
#include <vector>

#include "cli/text/terminal.hpp"
#include "library/checked.hpp"

namespace tenon::cli::text {

/// Bridges of a chain that are drawn one in the other; what is behind the last one is not.
inline constexpr std::size_t deepest = 12;

/// The tree that the guest will find, what was found, and what could not be judged.
std::string render_check(const library::Checked& checked, const TextStyle& style);

/// One function of the tree: its driver, its id, and what is special about it.
std::string about_node(const library::Checked& checked, const managed::guest::Node& node);

/// "machine q35, CPU host".
std::string guest_in_short(const library::Checked& checked);

/// What could not be judged, a sentence each without a full stop.
std::vector<std::string> not_judged(const library::Checked& checked);

}  // namespace tenon::cli::text
