// What has to hold of every configuration that was read, whatever it was read from.
#pragma once

#include <cstdlib>

#include "base/result.hpp"
#include "managed/guest/tree.hpp"
#include "managed/said/configuration.hpp"
#include "managed/traps/diagnose.hpp"

namespace tenon::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

inline void check_tree(const managed::said::Configuration& configuration,
                       const managed::guest::Tree& tree) {
    for (const auto& node : tree.nodes) {
        require(node.bus < tree.buses.size() && node.slot < 32 && node.function < 8);
        require(!node.device || *node.device < configuration.devices.size());
    }
    require(tree.order.size() == configuration.devices.size());
    require(tree.nodes.size() + tree.problems.size() + tree.unplaced.size() <=
            configuration.devices.size() + 16);
}

/// Places the devices and looks for traps; an error has words.
inline void check(const Result<managed::said::Configuration>& configuration) {
    using namespace managed;
    if (!configuration) return require(!configuration.error().what.empty());
    const auto tree = guest::make_tree(*configuration);
    check_tree(*configuration, tree);
    const traps::HostView nobody;
    for (const auto& finding : traps::diagnose(traps::Case{*configuration, tree, nobody}).findings)
        require(!finding.what.empty() && !finding.evidence.empty());
}

}  // namespace tenon::fuzz
