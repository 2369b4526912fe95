// The values of keys: what a user may choose of a device or a port, and how the key is written.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::model::chosen {

/// What becomes of a device with an error, beside that it is said.
enum class ErrorAction {
    Report,  ///< The guest is told, by Advanced Error Reporting.
    Stop,    ///< The same, and the machine is paused.
    Detach,  ///< The device is taken away, as if pulled out.
};

/// "report", "stop", "detach".
std::string_view name_of(ErrorAction action);

/// A place as a user or a version names it; none: Tenon chooses.
using PasidOffset = std::optional<std::uint16_t>;

/// What the user wants: `msix-relocation=off|auto|barN`.
struct MsixRelocation {
    enum class Mode {
        Off,   ///< Where the device has them.
        Auto,  ///< Moved if their pages hold anything else, to the best place there is.
        Bar,   ///< Moved to `bar`, which is unused, or doubled.
    };
    Mode mode = Mode::Off;
    unsigned bar = 0;  ///< 0..5

    auto operator<=>(const MsixRelocation&) const = default;
};

/// "off", "auto", "bar2".
std::string name_of(const MsixRelocation& relocation);

/// What the user wants of INTx.
enum class IntxChoice { Automatic, Trapped, Off };

/// "auto", "trapped", "off".
std::string_view name_of(IntxChoice choice);

/// The value of the device key `reset`.
enum class ResetChoice {
    Auto,      ///< The function alone if the kernel can, else with the bus above it, else not.
    Function,  ///< Alone, or the function is refused.
    Bus,       ///< With the bus above it and everything below that, or the function is refused.
    None,      ///< Not at all.
};

/// "auto", "function", "bus", "none".
std::string_view name_of(ResetChoice choice);

/// Whether a function for which this is chosen may be reset alone.
constexpr bool resets_alone(ResetChoice choice) {
    return choice == ResetChoice::Auto || choice == ResetChoice::Function;
}

/// How a root port finds its widths.
enum class AtomicsMode {
    Auto,          ///< What completes for all functions that report any.
    AllFunctions,  ///< What completes for every function of the slot, each of them assigned.
    LoneFunction,  ///< What completes for function 0, if the slot has no other: QEMU's rule.
    Off,           ///< None.
    Fixed,         ///< As asked, whoever is in the slot.
};

/// The value of the port key `atomics`.
struct AtomicsRule {
    AtomicsMode mode = AtomicsMode::Auto;
    std::uint32_t widths = 0;  ///< Of Fixed alone: device::atomics_32 and its like.

    bool operator==(const AtomicsRule&) const = default;
};

/// As the key is written: "auto", "all-functions", "off", "32+64"; "lone-function" is no user's.
std::string key_of(const AtomicsRule& rule);

}  // namespace tenon::model::chosen
