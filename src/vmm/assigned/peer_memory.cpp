#include "vmm/assigned/peer_memory.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace tenon::vmm::assigned {

namespace {

const PeerMemory::Member* find(const std::vector<PeerMemory::Member>& members,
                               const device::DeviceControl* device) {
    const auto found = std::ranges::find(members, device, &PeerMemory::Member::device);
    return found == members.end() ? nullptr : &*found;
}

}  // namespace

void PeerMemory::settle() {
    const MutexLock lock{mutex_};
    reconcile();
}

void PeerMemory::add(const device::DeviceControl& device, const Part& part, GuestAddress at) {
    const MutexLock lock{mutex_};
    placed_.push_back({.device = &device, .part = part, .at = at, .mapped = {}});
    reconcile();
}

void PeerMemory::remove(const device::DeviceControl& device, const Part& part) {
    const MutexLock lock{mutex_};
    std::erase_if(placed_, [&](const Placed& placed) {
        return placed.device == &device && placed.part.is_same(part);
    });
}

std::size_t PeerMemory::mapped() {
    const MutexLock lock{mutex_};
    std::size_t count = 0;
    for (const auto& placed : placed_)
        count += static_cast<std::size_t>(std::ranges::count_if(
            placed.mapped, [](const auto& attempt) { return attempt.second.done; }));
    return count;
}

// Brings the mappings to what members and places ask for. What failed is not tried again before the
// guest places the BAR anew, or the machine has a single function in between.
void PeerMemory::reconcile() {
    const auto members = here_();
    std::erase_if(said_, [&](const auto& said) { return find(members, said.first) == nullptr; });
    for (auto& placed : placed_)
        reconcile(placed, members);
}

void PeerMemory::reconcile(Placed& placed, const std::vector<Member>& members) {
    const auto* const owner = find(members, placed.device);
    if (owner == nullptr || members.size() < 2) return placed.mapped.clear();
    std::erase_if(placed.mapped, [&](const auto& attempt) {
        return std::ranges::find(members, attempt.first, &Member::space) == members.end();
    });
    for (const auto& member : members)
        if (member.memory_mapped && !placed.mapped.contains(member.space))
            map(placed, *owner, *member.space);
}

void PeerMemory::map(Placed& placed, const Member& owner, device::AddressSpace& space) {
    auto& attempt = placed.mapped[&space];
    // That the kernel has no such files is said of the machine as a whole.
    const bool hopeless =
        space.bar_maps() == device::BarMaps::ByFile && owner.gives_files && !*owner.gives_files;
    if (hopeless) return;
    if (const auto mapped = map_in(placed, owner, space); !mapped) {
        if (said_.emplace(placed.device, placed.part.bar).second)
            warnings_.once(fmt::format("{}: no peer-to-peer with BAR {}: {}", owner.name,
                                       placed.part.bar, to_string(mapped.error())));
        return;
    }
    attempt.done = true;
    attempt.undo.add([this, &space, at = Iova{placed.at.value()}, size = placed.part.bytes.size(),
                      name = owner.name, bar = placed.part.bar] {
        warnings_.check(space.unmap(at, size), {name, "ending peer-to-peer"},
                        fmt::format("{}: ending peer-to-peer with BAR {}", name, bar));
    });
}

// The address space keeps what it needs of the file.
Result<void> PeerMemory::map_in(const Placed& placed, const Member& owner,
                                device::AddressSpace& space) {
    const auto& part = placed.part;
    const Iova at{placed.at.value()};
    if (space.bar_maps() == device::BarMaps::ByAddress) return space.map_bar(at, part.bytes);
    TENON_TRY(file,
              owner.device->bar_file(part.bar, {.offset = part.offset, .size = part.bytes.size()}),
              "");
    return space.map_bar(at, {part.bytes, file.number()});
}

}  // namespace tenon::vmm::assigned
