// What `tenon check` prints for people.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "library/checked.hpp"

namespace tenon::cli::text {

/// The tree that the guest will find, what was found, and what could not be judged.
std::string render_check(const library::Checked& checked, const TextStyle& style);

}  // namespace tenon::cli::text
