#include "model/iommu/interrupt_entry.hpp"

#include <array>

#include "base/bytes.hpp"
#include "model/iommu/bits.hpp"
#include "model/iommu/registers.hpp"

namespace tenon::model::iommu {
namespace {

// A message in the remappable format. Source: 5.1.2.2.
constexpr std::uint64_t remappable = 1u << 4;
constexpr std::uint64_t subhandle_valid = 1u << 3;

// Source: 9.9 (SVT, SQ). A range of buses has the first in its upper byte.
bool may_come_from(SourceId source, std::uint64_t high) {
    constexpr std::array<std::uint16_t, 4> masks{0xffff, 0xfffb, 0xfff9, 0xfff8};
    const auto named = static_cast<std::uint16_t>(field(high, 15, 0));
    const auto bus = source >> 8;
    switch (field(high, 19, 18)) {
        case 0:
            return true;
        case 1: {
            const auto mask = masks.at(field(high, 17, 16));
            return (source & mask) == (named & mask);
        }
        default:
            return bus >= named >> 8 && bus <= (named & 0xff);
    }
}

// Posted entries need CAP.PI, which the unit lacks: the bit is reserved.
bool has_reserved_bits(std::uint64_t low, std::uint64_t high, bool extended) {
    constexpr std::uint64_t always = 0xff00'f000;
    constexpr std::uint64_t unless_extended = 0xffff'00ff'0000'0000;
    constexpr unsigned reserved_check = 3;
    const auto delivery = field(low, 7, 5);
    return (low & always) != 0 || (!extended && (low & unless_extended) != 0) ||
           (high & ~low_bits(20)) != 0 || field(high, 19, 18) == reserved_check || delivery == 3 ||
           delivery == 6;
}

Interrupt interrupt_of(std::uint64_t low, bool extended) {
    const auto destination = field(low, 63, 32);
    return {.vector = static_cast<std::uint8_t>(field(low, 23, 16)),
            .destination = static_cast<std::uint32_t>(extended ? destination : destination >> 8),
            .logical = field(low, 2, 2) != 0,
            .redirection_hint = field(low, 3, 3) != 0,
            .delivery = static_cast<std::uint8_t>(field(low, 7, 5)),
            .level = field(low, 4, 4) != 0};
}

}  // namespace

Message Interrupt::message() const {
    const std::uint64_t high = destination & 0xffff'ff00;
    return {.address = high << 32 | interrupt_addresses.first | (destination & 0xff) << 12 |
                       (redirection_hint ? 1u << 3 : 0u) | (logical ? 1u << 2 : 0u),
            .data = vector | static_cast<std::uint32_t>(delivery) << 8 |
                    (level ? 1u << 15 | 1u << 14 : 0u)};
}

InterruptTablePointer InterruptTablePointer::of(std::uint64_t register_value) {
    const InterruptTable value{register_value};
    return {.base = GuestAddress{register_value & InterruptTableBase::mask},
            .entries = 2u << value.get<InterruptTableSize>(),
            .extended = value.get<ExtendedMode>() != 0};
}

bool is_interrupt(const Message& message) {
    return message.address >= interrupt_addresses.first &&
           message.address <= interrupt_addresses.last;
}

std::optional<std::uint32_t> entry_of(const Message& message) {
    if ((message.address & remappable) == 0) return std::nullopt;
    const auto handle = static_cast<std::uint32_t>(field(message.address, 19, 5) |
                                                   field(message.address, 2, 2) << 15);
    if ((message.address & subhandle_valid) == 0) return handle;
    return handle + (message.data & 0xffff);
}

InterruptOutcome resolve_interrupt(const TableMemory& memory, const InterruptSwitches& switches,
                                   SourceId source, const Message& message) {
    if (!switches.remapping) return message;
    const auto& table = switches.table;
    const auto index = entry_of(message);
    if (!index) {
        if (switches.compatibility && !table.extended) return message;
        return InterruptRefusal{.reason = FaultReason::InterruptCompatibilityBlocked};
    }
    const auto refuse = [&](FaultReason reason, bool silent = false) {
        return InterruptRefusal{.reason = reason, .index = *index, .silent = silent};
    };
    const bool subhandle = (message.address & subhandle_valid) != 0;
    if (!is_interrupt(message) || (subhandle && message.data > 0xffff))
        return refuse(FaultReason::InterruptReserved);
    if (*index >= table.entries) return refuse(FaultReason::InterruptIndexTooLarge);
    std::array<std::byte, 16> bytes{};
    if (!memory.read(table.base.plus(*index * 16ull), bytes))
        return refuse(FaultReason::InterruptUnreadable);
    const auto low = load<std::uint64_t>(bytes, 0);
    const auto high = load<std::uint64_t>(bytes, 8);
    const bool silent = field(low, 1, 1) != 0;
    if (field(low, 0, 0) == 0) return refuse(FaultReason::InterruptNotPresent, silent);
    if (has_reserved_bits(low, high, table.extended))
        return refuse(FaultReason::InterruptEntryReserved, silent);
    if (!may_come_from(source, high)) return refuse(FaultReason::InterruptSourceRefused, silent);
    return interrupt_of(low, table.extended).message();
}

std::optional<Message> message_of_pin(std::uint64_t redirection_entry) {
    if (field(redirection_entry, 48, 48) == 0) return std::nullopt;
    const auto handle = field(redirection_entry, 63, 49);
    return Message{.address = interrupt_addresses.first | handle << 5 | remappable |
                              field(redirection_entry, 11, 11) << 2,
                   .data = static_cast<std::uint32_t>(field(redirection_entry, 7, 0) |
                                                      field(redirection_entry, 15, 15) << 15)};
}

}  // namespace tenon::model::iommu
