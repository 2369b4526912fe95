// Interrupt remapping: from a message that names an entry of a table to the interrupt it stands
// for. Source: Intel VT-d specification 4.1, 5.1, 9.9.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>

#include "model/iommu/device_tables.hpp"

namespace tenon::model::iommu {

/// A message signalled interrupt: a write of `data` to `address`.
struct Message {
    std::uint64_t address = 0;
    std::uint32_t data = 0;

    auto operator<=>(const Message&) const = default;
};

/// An interrupt as an entry describes it.
struct Interrupt {
    std::uint8_t vector = 0;
    std::uint32_t destination = 0;  ///< An APIC id, or a logical destination.
    bool logical = false;
    bool redirection_hint = false;
    std::uint8_t delivery = 0;  ///< As in a message: 0 fixed, 1 lowest priority, 4 NMI…
    bool level = false;

    /// The message that says the same. Bits of the destination past the eighth are in the upper
    /// half of the address, from bit 8 on, as KVM takes them.
    Message message() const;

    auto operator<=>(const Interrupt&) const = default;
};

/// The table, as it was latched by Set Interrupt Remap Table Pointer.
struct InterruptTablePointer {
    GuestAddress base;
    std::uint32_t entries = 2;  ///< 2 to 65536, a power of two.
    bool extended = false;      ///< Destinations have 32 bits, as x2APIC has them.

    static InterruptTablePointer of(std::uint64_t register_value);
    auto operator<=>(const InterruptTablePointer&) const = default;
};

/// What software has set.
struct InterruptSwitches {
    bool remapping = false;
    bool compatibility = false;  ///< Messages without an index may pass.
    InterruptTablePointer table;

    auto operator<=>(const InterruptSwitches&) const = default;
};

/// Why a message is no interrupt.
struct InterruptRefusal {
    FaultReason reason;
    std::uint32_t index = 0;  ///< Of the entry; 0 if the message names none.
    bool silent = false;      ///< Software wants no record of it.

    auto operator<=>(const InterruptRefusal&) const = default;
};

using InterruptOutcome = std::variant<Message, InterruptRefusal>;

/// Whether a message goes to the addresses of interrupts; else it is a write to memory.
bool is_interrupt(const Message& message);

/// The entry that a message names; none if it is not in the remappable format.
std::optional<std::uint32_t> entry_of(const Message& message);

/// What becomes of a message of `source` to the addresses of interrupts.
InterruptOutcome resolve_interrupt(const TableMemory& memory, const InterruptSwitches& switches,
                                   SourceId source, const Message& message);

/// The message that an IOAPIC sends for an entry of its redirection table in the remappable format;
/// none if it is in the other. Source: 5.1.5.1.
std::optional<Message> message_of_pin(std::uint64_t redirection_entry);

}  // namespace tenon::model::iommu
