#include "vmm/board/bus.hpp"

#include <bit>
#include <iterator>
#include <limits>
#include <mutex>
#include <utility>

namespace tenon::vmm::board {
namespace {

// Devices see 1, 2, 4 or 8 bytes; an access that crossed a page leaves the kernel as odd pieces.
bool whole(unsigned size) { return std::has_single_bit(size) && size <= 8; }

}  // namespace

Result<void> Bus::add(std::uint64_t base, std::uint64_t size, std::shared_ptr<BusDevice> device) {
    if (size == 0 || size - 1 > std::numeric_limits<std::uint64_t>::max() - base)
        return malformed("bus range of {:#x} bytes at {:#x}", size, base);
    const std::unique_lock lock{mutex_};
    const auto above = ranges_.lower_bound(base);
    if (above != ranges_.end() && above->first - base < size)
        return fail(Error::Kind::Busy, "bus range at {:#x}: another one begins at {:#x}", base,
                    above->first);
    if (above != ranges_.begin()) {
        const auto below = std::prev(above);
        if (base - below->first < below->second.size)
            return fail(Error::Kind::Busy, "bus range at {:#x}: inside another one at {:#x}", base,
                        below->first);
    }
    ranges_.emplace(base, Entry{.size = size, .device = std::move(device)});
    return {};
}

void Bus::remove(std::uint64_t base) {
    std::shared_ptr<BusDevice> kept;  // Destroyed outside the lock.
    const std::unique_lock lock{mutex_};
    const auto entry = ranges_.find(base);
    if (entry == ranges_.end()) return;
    kept = std::move(entry->second.device);
    ranges_.erase(entry);
}

Bus::Found Bus::find(std::uint64_t address, unsigned size) const {
    const std::shared_lock lock{mutex_};
    auto above = ranges_.upper_bound(address);
    if (above == ranges_.begin()) return {};
    const auto& [base, entry] = *std::prev(above);
    const std::uint64_t offset = address - base;
    if (offset >= entry.size || size > entry.size - offset) return {};
    return {.device = entry.device, .offset = offset};
}

std::uint64_t Bus::read(std::uint64_t address, unsigned size) const {
    if (!whole(size)) {
        std::uint64_t value = 0;
        for (unsigned byte = 0; byte < size && byte < 8; ++byte)
            value |= read(address + byte, 1) << (byte * 8);
        return value;
    }
    const auto found = find(address, size);
    if (!found.device) return all_ones(size);
    return found.device->read(found.offset, size) & all_ones(size);
}

void Bus::write(std::uint64_t address, unsigned size, std::uint64_t value) const {
    if (!whole(size)) {
        for (unsigned byte = 0; byte < size && byte < 8; ++byte)
            write(address + byte, 1, value >> (byte * 8) & 0xff);
        return;
    }
    const auto found = find(address, size);
    if (found.device) found.device->write(found.offset, size, value & all_ones(size));
}

}  // namespace tenon::vmm::board
