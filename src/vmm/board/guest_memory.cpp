#include "vmm/board/guest_memory.hpp"

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/text.hpp"
#include "vmm/board/huge_pages.hpp"
#include "vmm/board/layout.hpp"

namespace tenon::vmm::board {
namespace {

constexpr std::uint64_t granule = 2 << 20;
constexpr std::uint64_t largest = std::uint64_t{1} << 46;

Result<void> check_sizes(std::uint64_t size, std::uint64_t low_end, std::uint64_t page) {
    if (size == 0 || size % granule != 0 || size > largest)
        return malformed("guest memory of {} bytes: it must be a multiple of 2 MiB, up to 64 TiB",
                         size);
    if (low_end == 0 || low_end % granule != 0 || low_end > high_memory)
        return malformed("low memory ends at {:#x}: it must be a multiple of 2 MiB", low_end);
    if (page != 0 && (!std::has_single_bit(page) || page < granule || size % page != 0 ||
                      (size > low_end && low_end % page != 0)))
        return malformed("guest memory of {} cannot be made of pages of {}", format_size(size),
                         format_size(page));
    return {};
}

Result<Fd> make_file(std::uint64_t size, std::uint64_t page) {
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    // The size as a power of two, where mmap(2) has it too. Source: memfd_create(2), MFD_HUGE_2MB.
    if (page != 0)
        flags |= MFD_HUGETLB | static_cast<unsigned>(std::countr_zero(page)) << MAP_HUGE_SHIFT;
    Fd file{::memfd_create("tenon-guest-memory", flags)};
    if (!file) return fail_system(errno, "guest memory: memfd_create");
    if (::ftruncate(file.number(), static_cast<off_t>(size)) < 0)
        return fail_system(errno, fmt::format("guest memory of {}", format_size(size)));
    // A file that shrinks would turn the guest's accesses into SIGBUS.
    if (::fcntl(file.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return fail_system(errno, "guest memory: sealing the size");
    return file;
}

Result<void> place_on_node(std::span<std::byte> memory, unsigned node, bool strict) {
    constexpr unsigned most_nodes = 1024;
    constexpr unsigned bits = 64;
    if (node >= most_nodes) return malformed("NUMA node {}: there is none of that number", node);
    std::array<std::uint64_t, most_nodes / bits> nodes{};
    nodes[node / bits] = std::uint64_t{1} << node % bits;
    // SAFETY: the range is our mapping, and the mask has as many bits as said; the kernel takes one
    // more than it reads.
    if (::syscall(SYS_mbind, memory.data(), memory.size(), strict ? MPOL_BIND : MPOL_PREFERRED,
                  nodes.data(), most_nodes + 1, 0) == 0)
        return {};
    const int error = errno;
    // Without NUMA in the kernel there is one node, and everything is on it.
    if (error == ENOSYS && node == 0) return {};
    return fail_system(
        error, fmt::format("placing guest memory on NUMA node {}", node),
        error == EINVAL ? "The nodes of this host: /sys/devices/system/node/online" : "");
}

// A page that its node lacks would be a SIGBUS at the guest's first access: find out now.
Result<void> populate(std::span<std::byte> memory, unsigned node, std::uint64_t page) {
    if (::madvise(memory.data(), memory.size(), MADV_POPULATE_WRITE) == 0) return {};
    return fail_system(
        errno, fmt::format("taking huge pages of {} from NUMA node {}", format_size(page), node),
        "Reserve more there, or leave the choice of the node to the kernel with "
        "node=none");
}

}  // namespace

Result<GuestMemory> GuestMemory::create(std::uint64_t size, std::uint64_t low_end,
                                        const MemoryBacking& backing) {
    TENON_TRY_DO(check_sizes(size, low_end, backing.page), "");
    if (backing.page != 0)
        TENON_TRY_DO(
            check_huge_pages(size, backing.page, backing.strict ? backing.node : std::nullopt), "");
    GuestMemory memory;
    int kind = MAP_PRIVATE | MAP_ANONYMOUS;
    if (backing.page != 0 || backing.shared || memfd_may_be_huge()) {
        TENON_TRY(file, make_file(size, backing.page), "");
        memory.fd_ = std::move(file);
        kind = MAP_SHARED;
    }
    // Huge pages are reserved when they are mapped, so that none is missing later.
    TENON_TRY(mapping,
              Mapping::map({.fd = memory.fd_.number(),
                            .size = static_cast<std::size_t>(size),
                            .flags = kind | (backing.page == 0 ? MAP_NORESERVE : 0),
                            .alignment = std::max(granule, backing.page)},
                           fmt::format("guest memory of {}", format_size(size))),
              "mapping guest memory");
    memory.mapping_ = std::move(mapping);
    const auto bytes = memory.mapping_.bytes();
    if (backing.node) TENON_TRY_DO(place_on_node(bytes, *backing.node, backing.strict), "");
    if (backing.page == 0)
        // Advice only: a host without huge pages runs the guest as well.
        (void)::madvise(bytes.data(), bytes.size(), MADV_HUGEPAGE);
    else if (backing.node && backing.strict)
        TENON_TRY_DO(populate(bytes, *backing.node, backing.page), "");

    // What a guest has in memory is nobody else's, and would fill a disk.
    (void)::madvise(bytes.data(), bytes.size(), MADV_DONTDUMP);

    const auto low = static_cast<std::size_t>(std::min(size, low_end));
    const int number = memory.fd_.number();
    memory.parts_.push_back(
        {.at = GuestAddress{0}, .bytes = bytes.first(low), .file = number, .offset = 0});
    if (size > low_end)
        memory.parts_.push_back({.at = GuestAddress{high_memory},
                                 .bytes = bytes.subspan(low),
                                 .file = number,
                                 .offset = low});
    return memory;
}

Result<std::span<std::byte>> GuestMemory::span(GuestAddress at, std::uint64_t size) const {
    for (const auto& part : parts_) {
        if (at < part.at) continue;
        const std::uint64_t offset = at.value() - part.at.value();
        if (offset <= part.bytes.size() && size <= part.bytes.size() - offset)
            return part.bytes.subspan(static_cast<std::size_t>(offset),
                                      static_cast<std::size_t>(size));
    }
    return malformed("{:#x} bytes at {:#x} are not guest memory", size, at.value());
}

Result<void> GuestMemory::write(GuestAddress at, std::span<const std::byte> in) const {
    TENON_TRY(place, span(at, in.size()), "writing guest memory");
    std::ranges::copy(in, place.begin());
    return {};
}

Result<void> GuestMemory::read(GuestAddress at, std::span<std::byte> out) const {
    TENON_TRY(place, span(at, out.size()), "reading guest memory");
    std::ranges::copy(place, out.begin());
    return {};
}

}  // namespace tenon::vmm::board
