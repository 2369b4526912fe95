#include "host/vfio/group_spaces.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "host/vfio/dma_changes.hpp"

namespace tenon::host::vfio {

Result<std::shared_ptr<GroupSpaces>> GroupSpaces::create(Kernel& kernel, const HostPaths& paths) {
    // The first group finds out otherwise.
    TENON_TRY_DO(Container::open(kernel, paths), "");
    return std::shared_ptr<GroupSpaces>{new GroupSpaces{kernel, paths}};
}

Result<std::shared_ptr<Container>> GroupSpaces::make_container() {
    TENON_TRY(container, Container::open(kernel_, paths_), "");
    const MutexLock lock{mutex_};
    std::erase_if(seats_, [](const Seat& seat) { return seat.container.expired(); });
    // Without a group nothing is asked of the kernel yet.
    TENON_TRY_DO(container->replace(maps_), "");
    seats_.push_back({.container = container, .has = Everything{}});
    return container;
}

GroupSpaces::Seat& GroupSpaces::seat_of(const Container& container) {
    return *std::ranges::find_if(
        seats_, [&](const Seat& seat) { return seat.container.lock().get() == &container; });
}

std::vector<std::shared_ptr<Container>> GroupSpaces::with(const Contents& contents) {
    std::vector<std::shared_ptr<Container>> found;
    for (const auto& seat : seats_)
        if (seat.has == contents)
            if (auto container = seat.container.lock()) found.push_back(std::move(container));
    return found;
}

Result<void> GroupSpaces::fill(Container& container, const DmaMaps& maps, Contents contents) {
    auto& seat = seat_of(container);
    // Until all is done nothing else is to come in.
    seat.has = Nothing{};
    TENON_TRY_DO(container.replace(maps), "");
    seat.has = contents;
    return {};
}

Result<void> GroupSpaces::attach(Container& container, device::Domain* domain) {
    const MutexLock lock{mutex_};
    if (domain == nullptr) return fill(container, maps_, Everything{});
    const auto* const here = dynamic_cast<const GroupDomain*>(domain);
    if (here == nullptr || here->spaces_.get() != this)
        return malformed("a domain of another address space");
    return fill(container, here->maps_, here);
}

Result<void> GroupSpaces::block(Container& container) {
    const MutexLock lock{mutex_};
    return fill(container, {}, Nothing{});
}

// All who have these contents, or none.
Result<void> GroupSpaces::map_in(const Contents& contents, Iova at, std::uint64_t size,
                                 const Step& step) {
    const auto containers = with(contents);
    for (std::size_t done = 0; done < containers.size(); ++done) {
        auto mapped = step(*containers[done]);
        if (mapped) continue;
        for (std::size_t other = 0; other < done; ++other) {
            // Whoever it stays in has more than it should until it is replaced or goes.
            [[maybe_unused]] const auto undone = containers[other]->unmap(at, size);
        }
        return mapped;
    }
    return {};
}

// As many as can; the first error.
Result<void> GroupSpaces::unmap_in(const Contents& contents, Iova at, std::uint64_t size) {
    Result<void> all;
    for (const auto& container : with(contents)) {
        auto unmapped = container->unmap(at, size);
        if (all && !unmapped) all = std::move(unmapped);
    }
    return all;
}

Result<void> GroupSpaces::map(Iova at, const device::DmaMemory& memory) {
    const MutexLock lock{mutex_};
    TENON_TRY_DO(check_map(maps_, at, memory.bytes), "");
    TENON_TRY_DO(map_in(Everything{}, at, memory.bytes.size(),
                        [&](Container& container) { return container.map(at, memory); }),
                 "");
    maps_.emplace(at, DmaEntry{memory.bytes});
    return {};
}

Result<void> GroupSpaces::map_bar(Iova at, const device::DmaMemory& bar) {
    const MutexLock lock{mutex_};
    TENON_TRY_DO(check_map(maps_, at, bar.bytes), "");
    TENON_TRY_DO(map_in(Everything{}, at, bar.bytes.size(),
                        [&](Container& container) { return container.map_bar(at, bar); }),
                 "");
    maps_.emplace(at, DmaEntry{bar.bytes});
    return {};
}

Result<void> GroupSpaces::unmap(Iova at, std::uint64_t size) {
    const MutexLock lock{mutex_};
    const auto found = maps_.find(at);
    if (found == maps_.end() || found->second.bytes.size() != size)
        return fail_system(ENOENT, fmt::format("unmapping {:#x} bytes at {:#x}", size, at.value()));
    auto unmapped = unmap_in(Everything{}, at, size);
    // Where it could not be taken back it goes with the rest of its container.
    maps_.erase(found);
    return unmapped;
}

Result<std::unique_ptr<device::Domain>> GroupSpaces::make_domain() {
    return std::make_unique<GroupDomain>(shared_from_this());
}

Result<void> GroupSpaces::map(GroupDomain& domain, Iova at, Iova from, std::uint64_t size,
                              device::DmaRights rights) {
    const MutexLock lock{mutex_};
    const auto pieces = find_memory(maps_, from, size);
    if (pieces.empty())
        return fail_system(ENOENT,
                           fmt::format("mapping {:#x} bytes of guest memory in a domain", size));
    auto next = at;
    for (const auto& piece : pieces) {
        const DmaEntry entry{.bytes = piece, .rights = rights};
        auto mapped = check_map(domain.maps_, next, piece);
        if (mapped)
            mapped = map_in(&domain, next, piece.size(),
                            [&](Container& container) { return container.add(next, entry); });
        if (!mapped) {
            if (next != at) {
                // What of it stays goes with the rest of its container.
                [[maybe_unused]] const auto undone =
                    unmap_in(&domain, at, next.value() - at.value());
                domain.maps_.erase(domain.maps_.find(at), domain.maps_.lower_bound(next));
            }
            return mapped;
        }
        domain.maps_.emplace(next, entry);
        next = Iova{next.value() + piece.size()};
    }
    return {};
}

Result<void> GroupSpaces::unmap(GroupDomain& domain, Iova at, std::uint64_t size) {
    const MutexLock lock{mutex_};
    const auto range = whole_mappings(domain.maps_, at, size);
    if (!range) return fail_system(ENOENT, fmt::format("unmapping {:#x} bytes in a domain", size));
    auto unmapped = unmap_in(&domain, at, size);
    domain.maps_.erase(domain.maps_.find(at), domain.maps_.lower_bound(Iova{at.value() + size}));
    return unmapped;
}

void GroupSpaces::forget(const GroupDomain& domain) {
    const MutexLock lock{mutex_};
    for (const auto& container : with(&domain)) {
        // Nobody should be there any more.
        [[maybe_unused]] const auto emptied = fill(*container, {}, Nothing{});
    }
}

}  // namespace tenon::host::vfio
