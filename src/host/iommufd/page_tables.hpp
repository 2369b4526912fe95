// Page tables of the IOMMU that are made by name: for PASIDs, and for others to be nested in.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>

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
    bool nests = false;         ///< Its IOMMU walks tables of a guest, in others made for it.

    /// Whether it is only attached to tables of PageTables.
    bool by_tables() const { return takes_pasids || nests; }
};

/// The page tables of one address space (IOAS), one for each kind of IOMMU, which stay whoever is
/// attached: what the address space has is in the IOMMU, and pinned, as long as one is there.
/// Thread-safe.
class PageTables {
public:
    /// What they are of.
    enum class Of {
        Memory,  ///< Guest memory where it is: others are nested in them.
        Domain,  ///< Parts of it.
    };

    /// Of the address space `ioas` of the iommufd `file`. All must outlive it.
    PageTables(Kernel& kernel, int file, std::uint32_t ioas, Of of)
        : kernel_{kernel}, file_{file}, ioas_{ioas}, of_{of} {}
    PageTables(const PageTables&) = delete;
    PageTables& operator=(const PageTables&) = delete;

    /// The kernel forgets them, which nobody is attached to any more.
    ~PageTables() { clear(); }
    void clear() TENON_EXCLUDES(mutex_);

    /// The number of the table for this device, made if there is none of its kind.
    /// Errors: errno of the kernel: EOPNOTSUPP for PASIDs before Linux 6.15, and of an IOMMU that
    /// has none, or nests none. Source: drivers/iommu/iommufd/hw_pagetable.c of Linux 7.3,
    /// iommufd_hwpt_paging_alloc().
    Result<std::uint32_t> of(const BoundDevice& device) TENON_EXCLUDES(mutex_);

private:
    Kernel& kernel_;
    int file_;
    std::uint32_t ioas_;
    Of of_;
    Mutex mutex_;
    /// By kind, and the flags they were made with.
    std::map<std::pair<IommuKind, std::uint32_t>, std::uint32_t> tables_ TENON_GUARDED_BY(mutex_);
};

/// Flags of tables for the device: of those that are nested too, which cannot be nested in.
std::uint32_t table_flags(const BoundDevice& device, PageTables::Of of);

}  // namespace tenon::host::iommufd
