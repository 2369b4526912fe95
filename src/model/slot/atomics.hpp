// AtomicOps: which widths a root port of the guest completes, and which functions below it may send
// them. One pure function of who is in the slot now; never of who came first.
//
// The guest's root port stands for the host's root complex: what it says to complete has to
// complete for the functions below. AtomicOp Requester Enable, the bit by which a function sends
// AtomicOps at all, is one for all widths; so a function may send only if the host completes every
// width that the port says to complete. Such a function is a participant; all others are gated:
// their bit reads zero, and what the guest writes to it never reaches the device.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>

#include "model/chosen/choices.hpp"

namespace tenon::model::slot {

/// A function in the slot, as far as AtomicOps go.
struct AtomicsMember {
    unsigned function = 0;     ///< 0..7
    bool assigned = true;      ///< False: emulated, which never sends AtomicOps.
    std::uint32_t widths = 0;  ///< What completes for it on the host; not known counts as none.
};

/// What comes of it.
struct AtomicsDecision {
    std::uint32_t completer = 0;  ///< Widths that the port says to complete.
    std::bitset<8> participants;  ///< By function: the guest's Requester Enable counts.

    bool operator==(const AtomicsDecision&) const = default;
};

/// Decides for one port. `second_registers`: the port has a PCI Express capability of version 2, so
/// that it can say it. The order of `members` does not matter.
AtomicsDecision decide_atomics(const chosen::AtomicsRule& rule, bool second_registers,
                               std::span<const AtomicsMember> members);

}  // namespace tenon::model::slot
