// Interrupt vectors that a guest may use, against what the host and KVM can give, over all
// functions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::model::machine {

/// Messages that KVM routes at a time beside the pins of the IOAPIC.
/// Source: KVM_MAX_IRQ_ROUTES (4096) in include/linux/kvm_host.h, KVM_IOAPIC_NUM_PINS (24).
inline constexpr std::uint32_t kvm_message_routes = 4096 - 24;

/// What there is to share out.
struct InterruptLimits {
    Known<unsigned> processors =
        Unknown{"no device of this host is named"};  ///< Online, the host's.
    /// That the process which runs the guest may have open; each vector in use is one.
    Known<std::uint64_t> files = Unknown{"not asked"};

    bool operator==(const InterruptLimits&) const = default;
};

/// The sum.
struct InterruptBudget {
    InterruptLimits limits;     ///< What it was made with, for those who come later.
    std::uint32_t vectors = 0;  ///< Of every function, in the mode that needs most.
    /// What the host's processors have for all devices, roughly: about 200 each on x86.
    Known<std::uint32_t> host = Unknown{"no device of this host is named"};
    std::vector<std::string> warnings;  ///< What would not fit, and what comes of it.

    bool operator==(const InterruptBudget&) const = default;
};

/// Adds up the functions of all ports of a machine.
InterruptBudget sum_interrupts(std::span<const slot::PortPlan> ports,
                               const InterruptLimits& limits);

/// The same of a machine that runs, as it is now.
InterruptBudget sum_interrupts(std::span<const std::shared_ptr<const slot::PortPlan>> ports,
                               const InterruptLimits& limits);

}  // namespace tenon::model::machine
