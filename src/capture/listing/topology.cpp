#include "capture/listing/topology.hpp"

#include <fmt/core.h>

#include "capture/listing/limits.hpp"

namespace tenon::capture::listing {

void Topology::add_bus(const pci::Address& bridge, std::uint8_t secondary) {
    if (secondary == 0 || secondary == bridge.bus) return;
    behind_[{bridge.domain, secondary}].say(bridge);
}

void Topology::add_above(const pci::Address& function, const pci::Address& bridge) {
    if (function != bridge) above_[function].say(bridge);
}

void Topology::add_top(const pci::Address& function) { tops_.insert(function); }

const pci::Address* Topology::above(const pci::Address& function) const {
    if (const auto told = above_.find(function); told != above_.end())
        return told->second ? &*told->second : nullptr;
    const auto behind = behind_.find({function.domain, function.bus});
    if (behind == behind_.end() || !behind->second || *behind->second == function) return nullptr;
    return &*behind->second;
}

Known<std::vector<pci::Address>> Topology::way_up(const pci::Address& function) const {
    std::vector<pci::Address> way;
    for (const auto* next = above(function); next != nullptr; next = above(*next)) {
        if (way.size() == deepest) return Unknown{"the bridges above it go round in a circle"};
        way.push_back(*next);
    }
    if (way.empty()) return Unknown{"the input shows no bridge above it"};
    const auto& top = way.back();
    if (top.bus != 0 && !tops_.contains(top))
        return Unknown{
            fmt::format("the input shows the bridges above it only up to {}", to_string(top))};
    return way;
}

}  // namespace tenon::capture::listing
