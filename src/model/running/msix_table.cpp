#include "model/running/msix_table.hpp"

namespace tenon::model::running {
namespace {

constexpr std::uint32_t entry_size = 16;

void write_dword(VectorEntry& entry, std::uint32_t dword, std::uint32_t word) {
    auto& message = entry.message;
    switch (dword) {
        case 0:  // Bits 1:0 are reserved in a dword address.
            message.address = (message.address & ~0xffffffffull) | (word & ~3u);
            return;
        case 1:
            message.address = (message.address & 0xffffffffull) | std::uint64_t{word} << 32;
            return;
        case 2:
            message.data = word;
            return;
        default:
            entry.masked = (word & 1) != 0;
    }
}

}  // namespace

std::optional<std::uint32_t> MsixTable::write(std::uint32_t offset, std::uint8_t size,
                                              std::uint64_t value) {
    const auto vector = offset / entry_size;
    if (vector >= entries_.size() || (size != 4 && size != 8) || offset % size != 0)
        return std::nullopt;
    auto& entry = entries_[vector];
    const auto first = offset % entry_size / 4;
    write_dword(entry, first, static_cast<std::uint32_t>(value));
    if (size == 8) write_dword(entry, first + 1, static_cast<std::uint32_t>(value >> 32));
    return vector;
}

std::uint64_t MsixTable::read(std::uint32_t offset, std::uint8_t size) const {
    const auto vector = offset / entry_size;
    const auto at = offset % entry_size;
    const std::uint64_t ones = size >= 8 ? ~0ull : (1ull << 8 * size) - 1;
    if (vector >= entries_.size() || at + size > entry_size) return ones;
    const auto& entry = entries_[vector];
    const std::uint64_t low = entry.message.address;
    const std::uint64_t high = entry.message.data | (entry.masked ? std::uint64_t{1} << 32 : 0);
    // Any bytes of the entry: the two halves side by side, shifted to where the read begins.
    std::uint64_t bits = 0;
    for (unsigned byte = 0; byte < size; ++byte) {
        const auto position = at + byte;
        const auto half = position < 8 ? low : high;
        bits |= (half >> 8 * (position % 8) & 0xff) << 8 * byte;
    }
    return bits & ones;
}

}  // namespace tenon::model::running
