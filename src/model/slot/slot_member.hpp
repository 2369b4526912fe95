// What counts of a function when slots of a guest are proposed for it and its neighbours, and what
// speaks against functions in one slot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "model/function/atomics_host.hpp"
#include "model/function/host_chain.hpp"
#include "model/function/reset_trouble.hpp"
#include "model/slot/atomics.hpp"
#include "model/slot/atomics_drivers.hpp"
#include "model/slot/companions.hpp"
#include "pci/capability.hpp"

namespace tenon::model::slot {

/// A function that a guest could have. The facts outlive it.
struct SlotMember {
    std::size_t candidate = 0;
    const device::DeviceFacts* facts = nullptr;
    std::string host;
    unsigned number = 0;  ///< On the host.
    std::uint16_t vendor = 0;
    std::uint32_t class_code = 0;
    bool virtual_function = false;
    function::HostAtomics atomics;  ///< What of AtomicOps completes on its host.
    std::uint32_t widths = 0;       ///< Of those; not known counts as none, as in the plan.
    const AtomicsDriver* driver = nullptr;
    bool takes_pasid = false;
    Known<bool> access_control;
    Known<bool> own_reset;
    const function::ResetTrouble* trouble = nullptr;  ///< That it may run into.
    const Companion* companion = nullptr;  ///< If function 0 of its host slot is a display.
};

using SlotMembers = std::vector<const SlotMember*>;

/// The bytes of its configuration space, the hardware's own first; null: none were read.
const pci::ConfigImage* config_of(const device::DeviceFacts& facts);

/// The lists of those bytes.
const pci::Capabilities& lists_of(const device::DeviceFacts& facts,
                                  const function::HostLists& lists);

/// Makes a member from facts whose address is known.
SlotMember make_slot_member(std::size_t candidate, const device::DeviceFacts& facts,
                            const pci::ConfigImage& config, const function::HostLists& lists);

std::vector<std::string> hosts_of(const SlotMembers& members);

/// "0000:0b:00.0, 0000:0b:00.1"
std::string names_of(const SlotMembers& members);

/// "32 and 64 bit", "none".
std::string widths_in_words(std::uint32_t widths);

/// What comes of AtomicOps in one slot by the rule `auto`; participants by their index here.
AtomicsDecision decide_together(const SlotMembers& members);

/// Why these stand better in slots of their own: AtomicOps, ACS, reset; none: they may share one.
std::optional<std::string> why_apart(const SlotMembers& together);

}  // namespace tenon::model::slot
