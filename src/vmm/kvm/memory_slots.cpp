#include "vmm/kvm/memory_slots.hpp"

#include <algorithm>

namespace tenon::vmm::kvm {

Result<std::uint32_t> MemorySlots::add(GuestAddress at, std::span<std::byte> memory) {
    const MutexLock lock{mutex_};
    const auto free = std::ranges::find(taken_, false);
    const auto slot = static_cast<std::uint32_t>(free - taken_.begin());
    if (slot >= limit_)
        return fail(Error::Kind::Busy, "all {} memory slots of the machine are taken", limit_);
    TENON_TRY_DO(vm_.set_memory(slot, at, memory), "mapping into the guest");
    if (free == taken_.end())
        taken_.push_back(true);
    else
        *free = true;
    return slot;
}

Result<void> MemorySlots::remove(std::uint32_t slot) {
    const MutexLock lock{mutex_};
    if (slot >= taken_.size() || !taken_[slot])
        return fail(Error::Kind::NotFound, "memory slot {} is not in use", slot);
    TENON_TRY_DO(vm_.remove_memory(slot), "unmapping from the guest");
    taken_[slot] = false;
    return {};
}

}  // namespace tenon::vmm::kvm
