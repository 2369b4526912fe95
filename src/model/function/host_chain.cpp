#include "model/function/host_chain.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "pci/capability_table.hpp"

namespace tenon::model::function {
namespace {

bool contains(const std::vector<pci::Capability>& entries, const pci::Capability& wanted) {
    return std::ranges::any_of(entries, [&](const pci::Capability& entry) {
        return entry.id == wanted.id && entry.at == wanted.at;
    });
}

// One list.
std::vector<HostEntry> merge(const std::vector<pci::Capability>& physical,
                             const std::vector<pci::Capability>& shown, bool vfio_known) {
    std::vector<HostEntry> entries;
    for (const auto& capability : physical) {
        const bool expected =
            pci::kind_of(capability.list, capability.id).kernel != pci::KernelTreatment::Hidden;
        entries.push_back({capability, vfio_known ? contains(shown, capability) : expected});
    }
    const auto stands_at = [&](std::uint16_t at) {
        return std::ranges::find(physical, at, &pci::Capability::at) != physical.end();
    };
    for (const auto& capability : shown)
        if (!stands_at(capability.at) && capability.id != pci::extended_id::null)
            entries.push_back({capability, true});
    return entries;
}

// Finds the room of each entry: up to the next header that either walk found, so that no decision
// reaches into the registers of another capability.
std::vector<HostEntry> with_room(std::vector<HostEntry> entries, std::size_t end) {
    for (auto& entry : entries) {
        entry.room = end - entry.capability.at;
        for (const auto& other : entries)
            if (other.capability.at > entry.capability.at)
                entry.room =
                    std::min<std::size_t>(entry.room, other.capability.at - entry.capability.at);
        entry.capability.size =
            static_cast<std::uint16_t>(std::min<std::size_t>(entry.capability.size, entry.room));
    }
    return entries;
}

}  // namespace

std::size_t HostEntry::reach() const {
    return std::min<std::size_t>(align_up(capability.size, 4), room);
}

HostLists walk_lists(const device::DeviceFacts& facts) {
    HostLists lists;
    if (facts.physical) lists.physical = pci::list_capabilities(*facts.physical);
    if (facts.vfio) lists.shown = pci::list_capabilities(facts.vfio->config);
    return lists;
}

HostChain find_host_chain(const device::DeviceFacts& facts, const HostLists& lists) {
    const auto& physical = lists.physical;
    const auto& shown = lists.shown;
    const bool asked{facts.vfio};
    return {
        .standard =
            with_room(merge(physical.standard, shown.standard, asked), pci::conventional_size),
        .extended = with_room(merge(physical.extended, shown.extended, asked), pci::express_size),
        .findings = physical.findings};
}

}  // namespace tenon::model::function
