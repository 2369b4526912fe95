// The functions of a host as a tree, as `lspci -t` draws it, a line each.
#pragma once

#include <string>

#include "cli/text/terminal.hpp"
#include "library/function_list.hpp"

namespace tenon::cli::text {

/// The tree with IOMMU groups, NUMA nodes, drivers, and what completes or routes AtomicOps.
std::string render_tree(const library::FunctionList& list, const TextStyle& style);

/// "completes 32 and 64 bit AtomicOps", "routes AtomicOps"; empty if it does neither, or it is not
/// known.
std::string atomics_in_short(const library::ListedFunction& function);

/// "yes", "bridge, stays with the host", "no: …": whether a guest can have it.
std::string verdict_in_short(const library::FunctionList& list,
                             const library::ListedFunction& function);

}  // namespace tenon::cli::text
