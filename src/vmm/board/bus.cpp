#include "vmm/board/bus.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <utility>

namespace tenon::vmm::board {
namespace {

// Devices see 1, 2, 4 or 8 bytes; an access that crossed a page leaves the kernel as odd pieces.
bool whole(unsigned size) { return std::has_single_bit(size) && size <= 8; }

}  // namespace

Result<void> Bus::add(std::uint64_t base, std::uint64_t size, std::shared_ptr<BusDevice> device) {
    TENON_TRY(entered, enter({.base = base, .size = size, .device = std::move(device)}, false), "");
    if (!entered)
        return fail(Error::Kind::Busy, "bus range at {:#x}: another one is in the way", base);
    return {};
}

Result<bool> Bus::place(std::uint64_t base, std::uint64_t size, std::shared_ptr<BusDevice> device) {
    return enter({.base = base, .size = size, .device = std::move(device)}, true);
}

Result<bool> Bus::enter(Entry entry, bool may_wait) {
    const AddressMap::Range range{.base = entry.base, .size = entry.size};
    if (range.size == 0 || range.size - 1 > std::numeric_limits<std::uint64_t>::max() - range.base)
        return malformed("bus range of {:#x} bytes at {:#x}", range.size, range.base);
    const MutexLock lock{changing_};
    if (!may_wait && !map_.is_free(range)) return false;
    const auto id = next_++;
    wanted_.emplace(id, std::move(entry));
    follow(map_.add(id, range));
    return map_.in_effect(id);
}

void Bus::remove(const BusDevice& device) {
    std::shared_ptr<BusDevice> kept;  // Destroyed outside the locks.
    const MutexLock lock{changing_};
    const auto found = std::ranges::find_if(
        wanted_, [&](const auto& one) { return one.second.device.get() == &device; });
    if (found == wanted_.end()) return;
    kept = found->second.device;
    follow(map_.remove(found->first));
    wanted_.erase(found);
}

void Bus::follow(const AddressMap::Change& change) {
    for (const auto id : change.gone) {
        const auto& entry = wanted_.at(id);
        if (entry.device) entry.device->disappear();
        const WriterLock lock{ranges_mutex_};
        ranges_.erase(entry.base);
    }
    for (const auto id : change.come) {
        const auto& entry = wanted_.at(id);
        {
            const WriterLock lock{ranges_mutex_};
            ranges_.emplace(entry.base, entry);
        }
        if (entry.device) entry.device->appear();
    }
}

Bus::Found Bus::find(std::uint64_t address, unsigned size) const {
    const ReaderLock lock{ranges_mutex_};
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
