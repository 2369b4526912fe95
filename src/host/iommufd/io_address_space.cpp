#include "host/iommufd/io_address_space.hpp"

#include <bit>
#include <cerrno>
#include <utility>

#include "host/advice.hpp"
#include "host/iommufd/iommufd_abi.hpp"

namespace tenon::host {
namespace {

// More ranges than any host has; for a message only.
constexpr std::size_t most_windows = 64;

}  // namespace

Result<std::shared_ptr<IoAddressSpace>> IoAddressSpace::open(Kernel& kernel,
                                                             const HostPaths& paths) {
    const std::string node = paths.dev + "/iommu";
    const auto number = kernel.open(node);
    if (!number) return std::unexpected(cannot_open(number.error(), node));
    KernelFile file{kernel, *number};
    abi::IoasAlloc request{.size = sizeof request, .flags = 0, .out_ioas_id = 0};
    const auto made = ioctl(kernel, file.number(), abi::ioas_alloc, request);
    if (!made) return fail_system(made.error(), node + ": making an address space");
    return std::shared_ptr<IoAddressSpace>{
        new IoAddressSpace{kernel, std::move(file), request.out_ioas_id}};
}

Result<void> IoAddressSpace::map(Iova at, std::span<std::byte> memory) {
    TENON_TRY_DO(check_map(maps_, at, memory), "");
    abi::IoasMap request{
        .size = sizeof request,
        .flags = abi::ioas_map_fixed_iova | abi::ioas_map_writeable | abi::ioas_map_readable,
        .ioas_id = id_,
        .reserved = 0,
        .user_va = std::bit_cast<std::uintptr_t>(memory.data()),
        .length = memory.size(),
        .iova = at.value(),
    };
    // SAFETY: the memory is the caller's, who unmaps it before it goes.
    const auto mapped = ioctl(kernel_, file_.number(), abi::ioas_map, request);
    if (!mapped)
        return std::unexpected(
            cannot_map(mapped.error(), at, maps_, memory.size(), kernel_.lock_limit(), windows()));
    maps_.emplace(at, memory);
    return {};
}

Result<void> IoAddressSpace::unmap(Iova at, std::uint64_t size) {
    const auto what =
        fmt::format("unmapping {:#x} bytes of guest memory at {:#x}", size, at.value());
    const auto found = maps_.find(at);
    if (found == maps_.end() || found->second.size() != size) return fail_system(ENOENT, what);
    abi::IoasUnmap request{
        .size = sizeof request, .ioas_id = id_, .iova = at.value(), .length = size};
    const auto unmapped = ioctl(kernel_, file_.number(), abi::ioas_unmap, request);
    if (!unmapped) return fail_system(unmapped.error(), what);
    if (request.length != size)
        return fail(Error::Kind::Io, "{}: the kernel unmapped {:#x}", what, request.length);
    maps_.erase(found);
    return {};
}

std::vector<IovaWindow> IoAddressSpace::windows() const {
    std::vector<IovaWindow> windows(most_windows);
    abi::IoasIovaRanges request{
        .size = sizeof request,
        .ioas_id = id_,
        .num_iovas = most_windows,
        .reserved = 0,
        .allowed_iovas = std::bit_cast<std::uintptr_t>(windows.data()),
        .out_iova_alignment = 0,
    };
    static_assert(sizeof(IovaWindow) == sizeof(abi::IovaRange));
    // SAFETY: the kernel fills in at most num_iovas ranges, which is how many there is room for.
    const auto asked = ioctl(kernel_, file_.number(), abi::ioas_iova_ranges, request);
    if (!asked || request.num_iovas > most_windows) return {};
    windows.resize(request.num_iovas);
    return windows;
}

}  // namespace tenon::host
