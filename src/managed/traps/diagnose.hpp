// All traps over one configuration.
#pragma once

#include <vector>

#include "managed/traps/case.hpp"
#include "managed/traps/finding.hpp"

namespace tenon::managed::traps {

/// Every trap there is, in the order in which findings are told.
std::vector<const Trap*> all_traps();

/// Looks at the case with each of them.
Diagnosis diagnose(const Case& of);

}  // namespace tenon::managed::traps
