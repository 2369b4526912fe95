#include "model/machine/config_map.hpp"

#include <algorithm>

#include "pci/capability.hpp"

namespace tenon::model::machine {
namespace {

using pci::OwnerKind;

const pci::ConfigImage* bytes_of(const device::DeviceFacts& facts) {
    const auto* const physical = facts.physical ? &*facts.physical : nullptr;
    const auto* const vfio = facts.vfio ? &facts.vfio->config : nullptr;
    if (physical == nullptr) return vfio;
    return vfio != nullptr && vfio->known() > physical->known() ? vfio : physical;
}

// The host's capabilities as the plan knows them: of the hardware's chains and of VFIO's.
pci::Ownership owners_of(const function::FunctionView& view, const pci::ConfigImage& image) {
    pci::Capabilities capabilities;
    for (const auto& decision : view.capabilities)
        if (decision.host_offset)
            capabilities.standard.push_back({.list = decision.list,
                                             .id = decision.id,
                                             .at = *decision.host_offset,
                                             .size = decision.size});
    return pci::find_owners(image, capabilities);
}

// Of the four owners of a dword the one that says most.
OwnerKind owner_of(const pci::Ownership& ownership, std::size_t at) {
    const auto first = ownership.bytes[at].kind;
    if (first != OwnerKind::Zero && first != OwnerKind::NonZero) return first;
    for (std::size_t n = 0; n < 4; ++n)
        if (ownership.bytes[at + n].kind == OwnerKind::NonZero) return OwnerKind::NonZero;
    return first;
}

std::optional<std::size_t> decision_at(const function::FunctionView& view, std::size_t at) {
    for (std::size_t n = 0; n < view.capabilities.size(); ++n) {
        const auto& decision = view.capabilities[n];
        const auto begin = decision.host_offset ? decision.host_offset : decision.guest_offset;
        if (begin && at >= *begin && at < std::size_t{*begin} + decision.size) return n;
    }
    return std::nullopt;
}

GuestAccess guest_access(const slot::FunctionPlan& function, const ConfigCell& cell,
                         std::size_t at) {
    const auto& view = function.view;
    if (!view.guest_view || at >= view.config_size) return GuestAccess::Absent;
    const auto rules = view.map.rules32(at);
    if (rules.ours == ~0u) {
        // A header of a list entry of ours stands in the place of what is hidden at 0x100.
        const bool empty = view.map.start.read32(at) == 0 && rules.writable == 0;
        if (cell.decision && view.capabilities[*cell.decision].action == chosen::Action::Hide &&
            empty)
            return GuestAccess::Hidden;
        return cell.decision || cell.owner == OwnerKind::Header || !empty ? GuestAccess::Ours
                                                                          : GuestAccess::Nothing;
    }
    if (rules.ours != 0) return GuestAccess::Mixed;
    if (cell.owner == OwnerKind::Zero) return GuestAccess::Nothing;
    return rules.passed != 0 ? GuestAccess::Device : GuestAccess::ReadOnly;
}

}  // namespace

ConfigMap map_config(const slot::FunctionPlan& function) {
    ConfigMap map;
    const auto* const image = bytes_of(function.facts);
    if (image == nullptr) return map;
    const auto ownership = owners_of(function.view, *image);
    for (std::size_t n = 0; n < config_cells; ++n) {
        auto& cell = map.cells[n];
        cell.owner = owner_of(ownership, n * 4);
        cell.decision = decision_at(function.view, n * 4);
        cell.guest = guest_access(function, cell, n * 4);
        if (cell.owner != OwnerKind::NonZero) continue;
        const auto first = static_cast<std::uint16_t>(n * 4);
        if (map.strays.empty() || map.strays.back().last + 1 != first)
            map.strays.push_back({.first = first});
        map.strays.back().last = static_cast<std::uint16_t>(first + 3);
    }
    return map;
}

std::string_view name_of(GuestAccess access) {
    switch (access) {
        case GuestAccess::Absent:
            return "not in the guest";
        case GuestAccess::Device:
            return "the device's, read and written";
        case GuestAccess::ReadOnly:
            return "the device's, read-only";
        case GuestAccess::Mixed:
            return "bits of the device and of ours";
        case GuestAccess::Ours:
            return "ours";
        case GuestAccess::Hidden:
            return "hidden, reads as zero";
        case GuestAccess::Nothing:
            return "nobody's, zero";
    }
    return "";
}

}  // namespace tenon::model::machine
