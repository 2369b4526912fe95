// The functions of a host as one page of HTML.
#pragma once

#include <string>

#include "library/function_list.hpp"

namespace tenon::cli::text {

/// The page: what stands in the way of all, the tree of root ports, switches and functions with
/// groups, NUMA nodes and AtomicOps, who moves with whom, and each function's verdict.
std::string render_list_report(const library::FunctionList& list);

}  // namespace tenon::cli::text
