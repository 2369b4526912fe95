// Who is above whom, from whatever tells it: numbers of buses in bridges, drawings, paths.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/known.hpp"
#include "capture/listing/stated.hpp"
#include "pci/address.hpp"

namespace tenon::capture::listing {

class Topology {
public:
    /// A bridge has the bus `secondary` behind it; 0 is none.
    void add_bus(const pci::Address& bridge, std::uint8_t secondary);

    /// `function` is behind `bridge`.
    void add_above(const pci::Address& function, const pci::Address& bridge);

    /// `function` has no bridge above it.
    void add_top(const pci::Address& function);

    /// The bridges above `function`, the nearest one first, up to one that has none above it.
    /// Unknown if they are not all known, two could be the same one, or it has none.
    Known<std::vector<pci::Address>> way_up(const pci::Address& function) const;

    /// The bridge that it is behind; null: not known, or none.
    const pci::Address* above(const pci::Address& function) const;

private:
    using Bus = std::pair<std::uint32_t, std::uint8_t>;  // Domain and number.

    std::map<Bus, Stated<pci::Address>> behind_;
    std::map<pci::Address, Stated<pci::Address>> above_;
    std::set<pci::Address> tops_;
};

}  // namespace tenon::capture::listing
