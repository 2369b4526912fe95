#include "vmm/board/ecam.hpp"

#include <algorithm>
#include <bit>

namespace tenon::vmm::board {
namespace {

PciHost::Place place_of(std::uint64_t offset) {
    return {.bus = static_cast<std::uint8_t>(offset >> 20),
            .devfn = static_cast<std::uint8_t>(offset >> 12),
            .offset = static_cast<std::uint16_t>(offset & 0xfff)};
}

// The longest piece from `offset` that ends with the access or the dword: 1, 2 or 4 bytes.
unsigned piece(std::uint64_t offset, unsigned left) {
    const auto room = static_cast<unsigned>(4 - offset % 4);
    return std::bit_floor(std::min(room, left));
}

}  // namespace

std::uint64_t Ecam::read(std::uint64_t offset, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned done = 0; done < size;) {
        const unsigned count = piece(offset + done, size - done);
        const std::uint64_t part = host_.read(place_of(offset + done), count) & all_ones(count);
        value |= part << (done * 8);
        done += count;
    }
    return value;
}

void Ecam::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    for (unsigned done = 0; done < size;) {
        const unsigned count = piece(offset + done, size - done);
        host_.write(place_of(offset + done), count,
                    static_cast<std::uint32_t>(value >> (done * 8) & all_ones(count)));
        done += count;
    }
}

}  // namespace tenon::vmm::board
