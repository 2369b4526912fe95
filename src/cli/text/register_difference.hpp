// Where the registers differ that a guest finds in two functions.
#pragma once

#include "cli/text/difference.hpp"

namespace tenon::cli::text {

/// Puts what differs behind the differences of `found`. A capability that moved is compared with
/// itself; list pointers, and what a field of the plan says (ids, BARs), are passed over.
void compare_registers(const Comparable& a, const Comparable& b, Comparison& found);

}  // namespace tenon::cli::text
