// Interrupt vectors that a guest may use, against what the host and KVM can give, over all
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/known.hpp"
#include "model/slot/port_plan.hpp"

namespace tenon::model::machine {

/// Messages that KVM routes at a time beside the pins of the IOAPIC.
/// Source: KVM_MAX_IRQ_ROUTES (4096) in include/linux/kvm_host.h, KVM_IOAPIC_NUM_PINS (24).
inline constexpr std::uint32_t kvm_message_routes = 4096 - 24;

/// The sum.
struct InterruptBudget {
    std::uint32_t vectors = 0;  ///< Of every function, in the mode that needs most.
    /// What the host's processors have for all devices, roughly: about 200 each on x86.
    Known<std::uint32_t> host = Unknown{"no device of this host is named"};
    std::vector<std::string> warnings;  ///< What would not fit, and what comes of it.

    bool operator==(const InterruptBudget&) const = default;
};

/// Adds up. `processors`: of the host, online. `files`: that the process which runs the guest may
/// have open; each vector in use is one.
InterruptBudget sum_interrupts(const std::vector<slot::PortPlan>& ports,
                               const Known<unsigned>& processors,
                               const Known<std::uint64_t>& files);

}  // namespace tenon::model::machine
