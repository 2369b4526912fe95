// The host's two capability lists as a guest's are made from them: what the hardware has and what
// the kernel shows, in one.
#pragma once

#include <cstddef>
#include <vector>

#include "device/facts.hpp"
#include "pci/capability.hpp"

namespace tenon::model::function {

/// The lists of each image of a function's registers that was read. They are walked once, and who
/// looks into an image goes by these.
struct HostLists {
    pci::Capabilities physical;  ///< Of the hardware's own bytes.
    pci::Capabilities shown;     ///< Of what VFIO shows.
};

HostLists walk_lists(const device::DeviceFacts& facts);

/// An entry of a list.
struct HostEntry {
    pci::Capability capability;
    bool shown = false;    ///< The host's kernel shows it.
    std::size_t room = 0;  ///< Bytes to the next header above, or to the end of the list's space.

    /// Its bytes in whole dwords: what is left of the last one is nobody else's.
    std::size_t reach() const;
};

/// Both lists, each in the order of its chain.
struct HostChain {
    std::vector<HostEntry> standard;
    std::vector<HostEntry> extended;
    std::vector<std::string> findings;  ///< Of the hardware's own chains.
};

/// Merges the lists: the hardware's own chains where they could be read, which have what the kernel
/// unlinks as well. VFIO's answer decides what is shown; without it the table does. No entry
/// reaches into the header of another.
HostChain find_host_chain(const device::DeviceFacts& facts, const HostLists& lists);

}  // namespace tenon::model::function
