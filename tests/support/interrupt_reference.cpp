#include "tests/support/interrupt_reference.hpp"

namespace tenon::support {
namespace {

bool bit(std::uint64_t word, unsigned number) { return (word >> number & 1) != 0; }

ReferenceMessage lost(unsigned fault, bool silent = false) {
    return {.fault = fault, .silent = silent};
}

// Source: VT-d 4.1, 9.9.
bool entry_is_sound(std::uint64_t low, std::uint64_t high, bool extended) {
    for (const unsigned reserved : {12u, 13u, 14u, 15u, 24u, 25u, 26u, 27u, 28u, 29u, 30u, 31u})
        if (bit(low, reserved)) return false;
    for (unsigned place = 32; place < 64 && !extended; ++place)
        if ((place < 40 || place >= 48) && bit(low, place)) return false;
    const auto delivery = low / 32 % 8;
    const auto check = high >> 18;
    return delivery != 3 && delivery != 6 && check < 3;
}

bool source_is_right(std::uint16_t source, std::uint64_t high) {
    const unsigned bus = source / 256;
    const auto named = static_cast<unsigned>(high % 65536);
    if (high >> 18 == 0) return true;
    if (high >> 18 == 2) return named / 256 <= bus && bus <= named % 256;
    const auto apart = source ^ named;
    switch (high >> 16 & 3) {
        case 0:
            return apart == 0;
        case 1:  // Function bit 2 does not matter.
            return apart == 0 || apart == 4;
        case 2:  // Nor does bit 1.
            return apart == 0 || apart == 2 || apart == 4 || apart == 6;
        default:
            return apart < 8;
    }
}

}  // namespace

// Source: VT-d 4.1, 5.1.2 to 5.1.4.
ReferenceMessage reference_interrupt(const GuestTables& tables, const ReferenceInterrupts& unit,
                                     std::uint16_t source, std::uint32_t address,
                                     std::uint32_t data) {
    if (!unit.remapping) return {.address = address, .data = data};
    const bool extended = bit(unit.table, 11);
    if (!bit(address, 4)) {
        if (!unit.compatibility || extended) return lost(0x25);
        return {.address = address, .data = data};
    }
    std::uint64_t index = address / 32 % 32768 + (bit(address, 2) ? 32768 : 0);
    if (bit(address, 3)) {
        if (data >> 16 != 0) return lost(0x20);
        index += data;
    }
    if (index >= 2ull << unit.table % 16) return lost(0x21);
    const auto at = unit.table / 4096 * 4096 + index * 16;
    if (!tables.exists(at)) return lost(0x23);
    const auto low = tables.get(at);
    const auto high = tables.get(at + 8);
    const bool silent = bit(low, 1);
    if (!bit(low, 0)) return lost(0x22, silent);
    if (!entry_is_sound(low, high, extended)) return lost(0x24, silent);
    if (!source_is_right(source, high)) return lost(0x26, silent);
    const auto destination = extended ? low >> 32 : low >> 40;
    ReferenceMessage message{.address = 0xfee0'0000, .data = 0};
    message.address += (destination & 0xff) << 12;
    message.address += destination >> 8 << 40;
    if (bit(low, 3)) message.address += 8;
    if (bit(low, 2)) message.address += 4;
    message.data = static_cast<std::uint32_t>((low >> 16 & 0xff) + (low / 32 % 8 << 8));
    if (bit(low, 4)) message.data += 0xc000;
    return message;
}

}  // namespace tenon::support
