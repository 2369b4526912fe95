// How a function is reset: what was asked for, what the kernel has, and whom a reset of the bus
// above would take with it. One pure decision for all functions of a machine.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "model/chosen/choices.hpp"
#include "model/chosen/decision.hpp"
#include "model/chosen/property.hpp"

namespace tenon::model::function {

/// What becomes of it.
enum class ResetWay { Function, Bus, None };

/// "function", "bus", "none".
std::string_view name_of(ResetWay way);

/// The whole of it.
struct ResetPlan {
    chosen::ResetChoice choice = chosen::ResetChoice::Auto;
    Known<ResetWay> way = Unknown{"not decided"};
    std::string method;  ///< The kernel's name for its way to reset the function alone: "flr".
    /// The functions that a reset of the bus above resets, this one among them, in order of
    /// address; empty where that is not known, or not possible.
    std::vector<std::string> bus_set;
    /// It is not reset with its bus because others there are not of this machine; with them it is.
    bool lacks_others = false;
    std::vector<std::string> warnings;
    std::vector<chosen::Reason> refusals;  ///< Why what was asked for cannot be had.

    bool operator==(const ResetPlan&) const = default;
};

/// Whether the function is reset with the bus above it.
inline bool with_bus(const ResetPlan& plan) { return plan.way && *plan.way == ResetWay::Bus; }

/// What came of it.
struct ResetOutcome {
    ResetPlan plan;
    chosen::PropertyReport report;
};

/// Who a function is, for the table of known trouble.
struct ResetSubject {
    std::uint16_t vendor = 0;
    std::uint16_t device = 0;
    std::uint32_t class_code = 0;
    std::uint8_t revision = 0;
};

/// Decides for one function. `ours` are all functions of the machine that are of the same host, it
/// among them. `version` is where a default comes from.
ResetOutcome decide_reset(const device::DeviceFacts& facts, const ResetSubject& subject,
                          const chosen::Property<chosen::ResetChoice>& choice,
                          std::string_view version, std::span<const pci::Address> ours);

struct ResetTrouble;

/// The known trouble that the function may run into; null: none, or the kernel is known to take
/// another way first.
const ResetTrouble* find_likely_trouble(const device::DeviceFacts& facts,
                                        const ResetSubject& subject);

/// Whether the kernel can reset the function without others.
Known<bool> has_own_reset(const device::DeviceFacts& facts);

}  // namespace tenon::model::function
