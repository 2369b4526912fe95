// What `tenon check` finds as one page of HTML, for a ticket.
#pragma once

#include <string>

#include "library/checked.hpp"

namespace tenon::cli::text {

/// The page: what was found with its evidence, reasons and changes, the tree that the guest will
/// find, and what could not be judged.
std::string render_check_report(const library::Checked& checked);

}  // namespace tenon::cli::text
