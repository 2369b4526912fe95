// A domain of iommufd in which the IOMMU walks the guest's own tables.
#pragma once

#include <cstdint>
#include <map>

#include "base/mutex.hpp"
#include "device/control.hpp"
#include "host/iommufd/page_tables.hpp"
#include "host/kernel.hpp"

namespace tenon::host::iommufd {

/// Page tables of one kind of IOMMU each, nested in those of the guest's memory; made when a device
/// comes. Thread-safe.
class NestedDomain final : public device::Domain {
public:
    /// Follows `tables`, through `memory` of the iommufd `file`. All must outlive it.
    NestedDomain(Kernel& kernel, int file, PageTables& memory,
                 const device::FirstStageTables& tables)
        : kernel_{kernel}, file_{file}, memory_{memory}, follows_{tables} {}

    /// The kernel forgets them.
    ~NestedDomain() override;

    /// Unsupported: it has what its tables say.
    Result<void> map(Iova at, Iova from, std::uint64_t size, device::DmaRights rights) override;
    Result<void> unmap(Iova at, std::uint64_t size) override;

    /// Source: drivers/iommu/intel/nested.c of Linux 7.3, intel_nested_cache_invalidate_user(); it
    /// empties device TLBs too.
    Result<void> invalidate(Iova first, Iova last) override TENON_EXCLUDES(mutex_);

    /// The number of the table for this device, made if there is none of its kind.
    /// Errors: errno of the kernel: EINVAL for tables of a kind that the IOMMU has not; Unsupported
    /// for a device whose IOMMU nests none.
    Result<std::uint32_t> of(const BoundDevice& device) TENON_EXCLUDES(mutex_);

    /// Descriptor of its iommufd.
    int file() const { return file_; }

private:
    Kernel& kernel_;
    int file_;
    PageTables& memory_;
    device::FirstStageTables follows_;
    Mutex mutex_;
    std::map<IommuKind, std::uint32_t> tables_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::host::iommufd
