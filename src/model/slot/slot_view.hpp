// What a root port shows of its slot, and what its slot makes of each function: a pure function of
// who is in the slot now. Recomputed as a whole on every change, never patched, so that the order
// in which functions came and went leaves no trace.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/chosen/property.hpp"
#include "model/function/function_view.hpp"
#include "model/slot/atomics.hpp"

namespace tenon::model::slot {

/// What was chosen for a root port.
struct SlotRules {
    std::string_view version = "tenon-1";  ///< Where the defaults come from. Static storage.
    chosen::Property<chosen::AtomicsRule> atomics;
    /// Version of the port's PCI Express capability: 1 or 2. With 1 there is neither Device
    /// Capabilities 2 nor a link above 2.5 GT/s.
    unsigned express_version = 2;
    chosen::Property<bool> hotplug;  ///< Whether functions may come and go while the guest runs.

    bool operator==(const SlotRules&) const = default;
};

/// What the slot makes of one function.
struct SlotFunction {
    unsigned function = 0;
    /// Whether its guest's AtomicOp Requester Enable counts; else the bit is gated.
    bool atomics_participant = false;
    std::string atomics_effect;         ///< Of AtomicOp Requester Enable: "is the guest's", …
    std::vector<std::string> warnings;  ///< What a user should know.

    bool operator==(const SlotFunction&) const = default;
};

/// The whole of it.
struct SlotView {
    bool multi_function = false;           ///< The functions' headers say that there are others.
    unsigned link_speed = 1;               ///< As Link Capabilities encode it: 1 is 2.5 GT/s.
    unsigned link_width = 1;               ///< Lanes.
    unsigned max_payload = 0;              ///< As Device Capabilities encode it: 0 is 128 bytes.
    std::string link_why;                  ///< Why the port shows this link and payload.
    std::uint32_t atomic_completer = 0;    ///< Widths: device::atomics_32 and its like.
    std::vector<std::string> atomics_why;  ///< Why these, and who needs which.
    std::string atomics_change;            ///< What would change them. Empty: nothing would.
    std::vector<std::string> warnings;     ///< What a user should know of the port.
    std::vector<SlotFunction> functions;   ///< In order of their numbers.

    bool operator==(const SlotView&) const = default;
};

/// Makes the view. `port` names the port in sentences. No two functions have the same number; their
/// order does not matter.
SlotView build_slot_view(const std::string& port, const SlotRules& rules,
                         std::span<const function::FunctionView* const> functions);

/// What a user should know of a function in its slot: of itself first, then of who is beside it.
std::vector<std::string> warnings_of(const function::FunctionView& function, const SlotView& slot);

/// Gives one of those functions its part: the bit of its header that tells of others, and AtomicOp
/// Requester Enable, which is the guest's or gated. Whatever the slot was before, the result is the
/// same.
void apply_slot(const SlotView& slot, function::FunctionView& function);

}  // namespace tenon::model::slot
