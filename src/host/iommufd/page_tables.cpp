#include "host/iommufd/page_tables.hpp"

#include "host/iommufd/iommufd_abi.hpp"

namespace tenon::host::iommufd {

std::uint32_t table_flags(const BoundDevice& device, PageTables::Of of) {
    const auto nest = device.nests && of == PageTables::Of::Memory;
    return (device.takes_pasids ? abi::hwpt_alloc_pasid : 0u) |
           (nest ? abi::hwpt_alloc_nest_parent : 0u);
}

void PageTables::clear() {
    const MutexLock lock{mutex_};
    for (const auto& [kind, table] : tables_) {
        abi::Destroy request{.size = sizeof request, .id = table};
        // Closing the iommufd does the same.
        [[maybe_unused]] const auto gone = ioctl(kernel_, file_, abi::destroy, request);
    }
    tables_.clear();
}

Result<std::uint32_t> PageTables::of(const BoundDevice& device) {
    const auto flags = table_flags(device, of_);
    const MutexLock lock{mutex_};
    if (const auto found = tables_.find({device.kind, flags}); found != tables_.end())
        return found->second;
    abi::HwptAlloc request{.size = sizeof request,
                           .flags = flags,
                           .dev_id = device.id,
                           .pt_id = ioas_,
                           .out_hwpt_id = 0,
                           .reserved = 0};
    const auto made = ioctl(kernel_, file_, abi::hwpt_alloc, request);
    if (!made) return fail_system(made.error(), "making a page table in iommufd");
    tables_.emplace(std::pair{device.kind, flags}, request.out_hwpt_id);
    return request.out_hwpt_id;
}

}  // namespace tenon::host::iommufd
