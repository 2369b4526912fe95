// Page tables of the IOMMU to which a device's PASIDs can be attached.
#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "host/kernel.hpp"

namespace tenon::host::iommufd {

/// What tells one kind of IOMMU from another: units of one kind take each other's page tables.
struct IommuKind {
    std::uint32_t type = 0;  ///< IOMMU_HW_INFO_TYPE_.
    std::uint64_t capability = 0;
    std::uint64_t extended_capability = 0;

    auto operator<=>(const IommuKind&) const = default;
};

/// A device of an iommufd.
struct BoundDevice {
    std::uint32_t id = 0;  ///< Its number there.
    IommuKind kind;
    bool takes_pasids = false;  ///< Its PASIDs can be attached, to tables that are made for it.
};

/// The page tables of one address space (IOAS), one for each kind of IOMMU, which stay whoever is
/// attached: what the address space has is in the IOMMU, and pinned, as long as one is there.
/// Thread-safe.
class PasidTables {
public:
    /// Of the address space `ioas` of the iommufd `file`. All must outlive it.
    PasidTables(Kernel& kernel, int file, std::uint32_t ioas)
        : kernel_{kernel}, file_{file}, ioas_{ioas} {}
    PasidTables(const PasidTables&) = delete;
    PasidTables& operator=(const PasidTables&) = delete;

    /// The kernel forgets them, which nobody is attached to any more.
    ~PasidTables() { clear(); }
    void clear() TENON_EXCLUDES(mutex_);

    /// The number of the table for this device, made if there is none of its kind.
    /// Errors: errno of the kernel: EOPNOTSUPP before Linux 6.15, or of an IOMMU without PASIDs.
    /// Source: drivers/iommu/iommufd/hw_pagetable.c of Linux 7.3, iommufd_hwpt_paging_alloc().
    Result<std::uint32_t> of(const BoundDevice& device) TENON_EXCLUDES(mutex_);

private:
    Kernel& kernel_;
    int file_;
    std::uint32_t ioas_;
    Mutex mutex_;
    std::map<IommuKind, std::uint32_t> tables_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::host::iommufd
