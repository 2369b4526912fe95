#include "host/iommufd/io_domain.hpp"

#include <fmt/core.h>

#include "host/iommufd/iommufd_abi.hpp"

namespace tenon::host::iommufd {

Result<std::unique_ptr<IoDomain>> IoDomain::create(Kernel& kernel, int file, std::uint32_t source) {
    abi::IoasAlloc request{.size = sizeof request, .flags = 0, .out_ioas_id = 0};
    const auto made = ioctl(kernel, file, abi::ioas_alloc, request);
    if (!made) return fail_system(made.error(), "making a domain in iommufd");
    return std::unique_ptr<IoDomain>{new IoDomain{kernel, file, source, request.out_ioas_id}};
}

IoDomain::~IoDomain() {
    tables_.clear();
    abi::Destroy request{.size = sizeof request, .id = id_};
    // Closing the iommufd does the same.
    [[maybe_unused]] const auto gone = ioctl(kernel_, file_, abi::destroy, request);
}

Result<void> IoDomain::map(Iova at, Iova from, std::uint64_t size, device::DmaRights rights) {
    abi::IoasCopy request{.size = sizeof request,
                          .flags = abi::ioas_map_fixed_iova |
                                   (rights.read ? abi::ioas_map_readable : 0u) |
                                   (rights.write ? abi::ioas_map_writeable : 0u),
                          .dst_ioas_id = id_,
                          .src_ioas_id = source_,
                          .length = size,
                          .dst_iova = at.value(),
                          .src_iova = from.value()};
    const auto mapped = ioctl(kernel_, file_, abi::ioas_copy, request);
    if (!mapped)
        return fail_system(mapped.error(),
                           fmt::format("mapping {:#x} bytes of guest memory in a domain", size));
    return {};
}

Result<void> IoDomain::unmap(Iova at, std::uint64_t size) {
    abi::IoasUnmap request{
        .size = sizeof request, .ioas_id = id_, .iova = at.value(), .length = size};
    const auto unmapped = ioctl(kernel_, file_, abi::ioas_unmap, request);
    if (!unmapped)
        return fail_system(unmapped.error(),
                           fmt::format("unmapping {:#x} bytes in a domain", size));
    return {};
}

}  // namespace tenon::host::iommufd
