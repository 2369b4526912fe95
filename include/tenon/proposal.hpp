// Guest slots for the functions of a host slot, as `tenon plan '0b:00.*'` proposes them.
#pragma once

#include <string>
#include <vector>

#include "tenon/reason.hpp"

namespace tenon {

/// A function in its place.
struct ProposedFunction {
    std::string host;              ///< "0000:0b:00.1"
    unsigned function = 0;         ///< In the guest's slot: 0 to 7.
    std::vector<std::string> why;  ///< What to know of it there. Sentences without a full stop.
};

/// A slot of the guest.
struct ProposedSlot {
    std::string port;                         ///< Name of the root port above it.
    std::vector<ProposedFunction> functions;  ///< In order of their numbers; 0 is among them.
    std::vector<std::string> why;             ///< Why these stand together, or this one alone.
};

/// Functions that have something in common.
struct ProposedSet {
    std::vector<std::string> hosts;
    std::string why;
};

/// A function that no guest can have.
struct LeftOut {
    std::string host;
    Reason reason;
};

/// The whole proposal.
struct SlotProposal {
    std::string host_slot;  ///< "0000:0b:00"
    std::vector<ProposedSlot> slots;
    std::vector<ProposedSet> bound;      ///< Those of a set belong to one guest.
    std::vector<ProposedSet> may_share;  ///< Apart in the proposal, and need not be.
    std::vector<LeftOut> left_out;
    std::vector<std::string> unknowns;   ///< What it had to do without.
    std::vector<std::string> arguments;  ///< Words of a command line that carry it out.
};

}  // namespace tenon
