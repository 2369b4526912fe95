#include "vmm/guest_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/text.hpp"
#include "vmm/layout.hpp"

namespace tenon::vmm {
namespace {

constexpr std::uint64_t huge_page = 2 << 20;
constexpr std::uint64_t largest = std::uint64_t{1} << 46;

}  // namespace

Result<GuestMemory> GuestMemory::create(std::uint64_t size, std::uint64_t low_end) {
    if (size == 0 || size % huge_page != 0 || size > largest)
        return malformed("guest memory of {} bytes: it must be a multiple of 2 MiB, up to 64 TiB",
                         size);
    if (low_end == 0 || low_end % huge_page != 0 || low_end > high_memory)
        return malformed("low memory ends at {:#x}: it must be a multiple of 2 MiB", low_end);
    GuestMemory memory;
    memory.fd_ = Fd{::memfd_create("tenon-guest-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!memory.fd_) return fail_system(errno, "guest memory: memfd_create");
    if (::ftruncate(memory.fd_.number(), static_cast<off_t>(size)) < 0)
        return fail_system(errno, fmt::format("guest memory of {}", format_size(size)));
    // A file that shrinks would turn the guest's accesses into SIGBUS.
    if (::fcntl(memory.fd_.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return fail_system(errno, "guest memory: sealing the size");
    TENON_TRY(mapping,
              Mapping::map({.fd = memory.fd_.number(),
                            .size = static_cast<std::size_t>(size),
                            .flags = MAP_SHARED | MAP_NORESERVE,
                            .alignment = huge_page},
                           fmt::format("guest memory of {}", format_size(size))),
              "mapping guest memory");
    memory.mapping_ = std::move(mapping);
    // Advice only: a host without huge pages for shared memory runs the guest as well.
    (void)::madvise(memory.mapping_.data(), memory.mapping_.size(), MADV_HUGEPAGE);

    const auto bytes = memory.mapping_.bytes();
    const auto low = static_cast<std::size_t>(std::min(size, low_end));
    memory.parts_.push_back({GuestAddress{0}, bytes.first(low)});
    if (size > low_end) memory.parts_.push_back({GuestAddress{high_memory}, bytes.subspan(low)});
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

}  // namespace tenon::vmm
