// INTx: which pin a function has, where it leads in the guest, and how it gets there.
//
//   function ─pin─▶ root port ─(swizzled by the slot's device number)─▶ pin on bus 0 ─_PRT─▶ IOAPIC
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device/facts.hpp"
#include "model/chosen/choices.hpp"
#include "model/function/intx_trouble.hpp"

namespace tenon::model::function {

/// How INTx reaches the guest, and how its end gets back to the device.
enum class IntxDelivery {
    Irqfd,    ///< KVM raises the pin, and tells the device when the guest ends the interrupt.
    Trapped,  ///< We raise it; BARs are trapped, and the next access to one counts as the end.
};

/// INTx of one function.
struct IntxPlan {
    std::uint8_t pin = 0;  ///< 1 is INTA, 4 is INTD: as the Interrupt Pin register has it.
    IntxDelivery delivery = IntxDelivery::Irqfd;
    std::string why;              ///< Why it is delivered so.
    std::string host_line;        ///< line_in_words() of its line on the host; empty: not known.
    std::uint32_t interrupt = 0;  ///< Input of the guest's IOAPIC; 0: not placed yet.

    bool operator==(const IntxPlan&) const = default;
};

/// A pin of a device on bus 0 and where it leads.
struct IntxRoute {
    std::uint8_t device = 0;  ///< 0..31
    std::uint8_t pin = 0;     ///< 0 for INTA.
    std::uint32_t interrupt = 0;

    bool operator==(const IntxRoute&) const = default;
};

/// INTx as the guest gets it; none if the function has no pin, the host's kernel hides it, or the
/// user does not want it. `pin` is the function's Interrupt Pin register, `trouble` what is known
/// of the device; may be null.
std::optional<IntxPlan> plan_intx(const device::DeviceFacts& facts, std::uint8_t pin,
                                  chosen::IntxChoice choice, const IntxTrouble* trouble = nullptr);

/// What a user should know of it; empty: nothing. `messages`: the function has MSI or MSI-X; none:
/// not known.
std::string warning_of_intx(const device::DeviceFacts& facts, const IntxPlan& plan,
                            const IntxTrouble* trouble, std::optional<bool> messages);

/// The pin of a bridge that pin `pin` (1..4) of device `device` behind it leads to.
/// Source: PCIe Base Spec 6.0, 2.2.8.1 (table 2-17).
constexpr std::uint8_t swizzle(std::uint8_t device, std::uint8_t pin) {
    return static_cast<std::uint8_t>((pin - 1 + device) % 4 + 1);
}

/// Where pin `pin` (1..4) of device `device` on bus 0 leads: one of eight inputs, so that
/// neighbours do not share.
constexpr std::uint32_t intx_interrupt(std::uint8_t device, std::uint8_t pin) {
    return 16u + (device + pin - 1u) % 8u;
}

/// The four pins of each of these devices of bus 0.
std::vector<IntxRoute> intx_routes(const std::vector<std::uint8_t>& devices);

}  // namespace tenon::model::function
