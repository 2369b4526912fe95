// Guest slots for the functions of one host slot: which can stand together, which belong to one
// guest, which stand better alone, each with its reasons.
//
// A proposal and no more: pure, made from facts alone. Whoever asked carries it out, or not.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "device/facts.hpp"
#include "model/chosen/decision.hpp"
#include "pci/address.hpp"

namespace tenon::model::slot {

/// A function of the host slot, with its address known.
struct SlotCandidate {
    const device::DeviceFacts* facts = nullptr;  ///< Never null; read during the call alone.
    /// The device as `--device` takes it, without `port=` and `function=`.
    std::string argument;
};

/// A function in its place.
struct ProposedFunction {
    std::size_t candidate = 0;     ///< Which of the candidates.
    std::string host;              ///< "0000:0b:00.1"
    unsigned function = 0;         ///< In the guest's slot: 0..7.
    std::vector<std::string> why;  ///< What a user should know of it there. Sentences, may be none.

    bool operator==(const ProposedFunction&) const = default;
};

/// A slot of the guest.
struct ProposedSlot {
    std::string port;                         ///< Name of the root port above it.
    std::vector<ProposedFunction> functions;  ///< In order of their numbers; 0 is among them.
    std::vector<std::string> why;             ///< Why these stand together, or this one alone.

    bool operator==(const ProposedSlot&) const = default;
};

/// Functions of the host slot that have something in common.
struct ProposedSet {
    std::vector<std::string> hosts;  ///< Two or more.
    std::string why;

    bool operator==(const ProposedSet&) const = default;
};

/// A function that no guest can have.
struct LeftOut {
    std::size_t candidate = 0;
    std::string host;
    chosen::Reason reason;

    bool operator==(const LeftOut&) const = default;
};

/// The whole of it.
struct SlotProposal {
    std::string host;  ///< "0000:0b:00"
    std::vector<ProposedSlot> slots;
    std::vector<ProposedSet> bound;  ///< Those of a set belong to one guest.
    std::vector<ProposedSet>
        may_share;  ///< Apart in the proposal; nothing is lost if they are not.
    std::vector<LeftOut> left_out;
    std::vector<std::string> unknowns;   ///< What the proposal had to do without.
    std::vector<std::string> arguments;  ///< Words of a command line that carry it out.

    bool operator==(const SlotProposal&) const = default;
};

/// Root ports that there are already.
struct OtherPorts {
    /// Asked for by name, with keys perhaps: a proposal may use one, and does not name it again.
    std::span<const std::string> named;
    std::span<const std::string> taken;  ///< Used by other proposals.
};

/// Proposes guest slots for the functions of the host slot at `slot`.
///
/// What is not known is not taken for no: functions whose IOMMU groups are not known stay together
/// as they are on the host.
SlotProposal propose_slots(const pci::Address& slot, std::span<const SlotCandidate> candidates,
                           const OtherPorts& ports = {});

}  // namespace tenon::model::slot
