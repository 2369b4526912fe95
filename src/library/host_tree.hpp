// The functions of a host below the bridges that they are behind.
#pragma once

#include <string>
#include <vector>

#include "library/function_list.hpp"

namespace tenon::library {

/// A function with what is behind it. `function` belongs to the list, which must outlive it.
struct HostNode {
    const ListedFunction* function;
    std::vector<HostNode> behind;  ///< In order of address.
};

/// What hangs on one root bus.
struct RootBus {
    std::uint32_t domain = 0;
    unsigned bus = 0;
    std::vector<HostNode> functions;
};

/// The tree. A function whose bridge is not listed is on a root bus of its own number. Bounded,
/// whatever the bridges say of each other.
std::vector<RootBus> make_host_tree(const FunctionList& list);

}  // namespace tenon::library
