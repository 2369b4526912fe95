#include "vmm/board/config_ports.hpp"

namespace tenon::vmm::board {
namespace {

constexpr std::uint64_t reset_control = 1;
constexpr std::uint64_t reset_processor = 1u << 2;
constexpr std::uint64_t data = 4;
constexpr std::uint32_t enabled = 1u << 31;
constexpr std::uint32_t address_bits = enabled | 0x00ff'fffc;

// Whether the access is in the dword of data alone, and the address names one.
bool reaches(std::uint32_t address, std::uint64_t offset, unsigned size) {
    return (address & enabled) != 0 && offset >= data && size <= 4 && offset + size <= data + 4 &&
           size != 3;
}

PciHost::Place place_of(std::uint32_t address, std::uint64_t offset) {
    return {.bus = static_cast<std::uint8_t>(address >> 16),
            .devfn = static_cast<std::uint8_t>(address >> 8),
            .offset = static_cast<std::uint16_t>((address & 0xfc) + (offset - data))};
}

}  // namespace

std::uint32_t ConfigPorts::address() const {
    const MutexLock lock{mutex_};
    return address_;
}

std::uint64_t ConfigPorts::read(std::uint64_t offset, unsigned size) {
    const auto address = this->address();
    if (offset == 0 && size == 4) return address;
    if (offset == reset_control && size == 1) return 0;
    if (!reaches(address, offset, size)) return all_ones(size);
    return host_.read(place_of(address, offset), size);
}

void ConfigPorts::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (offset == 0 && size == 4) {
        const MutexLock lock{mutex_};
        address_ = static_cast<std::uint32_t>(value) & address_bits;
        return;
    }
    if (offset == reset_control && size == 1) {
        if ((value & reset_processor) != 0) reset_();
        return;
    }
    const auto address = this->address();
    if (reaches(address, offset, size))
        host_.write(place_of(address, offset), size, static_cast<std::uint32_t>(value));
}

}  // namespace tenon::vmm::board
