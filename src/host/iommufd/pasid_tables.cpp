#include "host/iommufd/pasid_tables.hpp"

#include "host/iommufd/iommufd_abi.hpp"

namespace tenon::host::iommufd {

void PasidTables::clear() {
    const MutexLock lock{mutex_};
    for (const auto& [kind, table] : tables_) {
        abi::Destroy request{.size = sizeof request, .id = table};
        // Closing the iommufd does the same.
        [[maybe_unused]] const auto gone = ioctl(kernel_, file_, abi::destroy, request);
    }
    tables_.clear();
}

Result<std::uint32_t> PasidTables::of(const BoundDevice& device) {
    const MutexLock lock{mutex_};
    if (const auto found = tables_.find(device.kind); found != tables_.end()) return found->second;
    abi::HwptAlloc request{.size = sizeof request,
                           .flags = abi::hwpt_alloc_pasid,
                           .dev_id = device.id,
                           .pt_id = ioas_,
                           .out_hwpt_id = 0,
                           .reserved = 0};
    const auto made = ioctl(kernel_, file_, abi::hwpt_alloc, request);
    if (!made) return fail_system(made.error(), "making a page table for PASIDs");
    tables_.emplace(device.kind, request.out_hwpt_id);
    return request.out_hwpt_id;
}

}  // namespace tenon::host::iommufd
