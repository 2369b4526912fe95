#include "vmm/board/power.hpp"

#include <bit>

namespace tenon::vmm::board {
namespace {

constexpr std::uint64_t sleep_control = 0;
constexpr std::uint64_t reset = 2;
constexpr std::uint64_t sleep_enable = 1u << 5;
constexpr unsigned sleep_type_shift = 2;
constexpr std::uint64_t sleep_type_mask = 7;

}  // namespace

std::uint64_t PowerRegisters::read(std::uint64_t /*offset*/, unsigned /*size*/) { return 0; }

void PowerRegisters::write(std::uint64_t offset, unsigned /*size*/, std::uint64_t value) {
    const std::uint64_t type = value >> sleep_type_shift & sleep_type_mask;
    if (offset == sleep_control && (value & sleep_enable) != 0 && type == sleep_type_off)
        ended_(MachineEnd::PoweredOff);
    if (offset == reset && (value & 0xff) == reset_value) ended_(MachineEnd::Reset);
}

std::array<std::byte, 9> code_at_reset(std::uint16_t port) {
    const auto at = static_cast<std::uint16_t>(port + reset);
    const std::array<std::uint8_t, 9> code{0xba,
                                           static_cast<std::uint8_t>(at & 0xff),
                                           static_cast<std::uint8_t>(at >> 8),  // mov dx, at
                                           0xb0,
                                           PowerRegisters::reset_value,  // mov al, value
                                           0xee,                         // out dx, al
                                           0xf4,
                                           0xeb,
                                           0xfd};  // hlt; jmp hlt
    return std::bit_cast<std::array<std::byte, 9>>(code);
}

}  // namespace tenon::vmm::board
