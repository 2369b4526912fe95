// A domain of iommufd: an address space filled from the one that has the guest's memory.
#pragma once

#include <cstdint>
#include <memory>

#include "device/control.hpp"
#include "host/iommufd/page_tables.hpp"
#include "host/kernel.hpp"

namespace tenon::host::iommufd {

/// An IOAS whose mappings are copies. It has a page table of the IOMMU while devices are attached,
/// and, once there was one of PageTables, as long as it lives.
class IoDomain final : public device::Domain {
public:
    /// Makes an empty one beside the address space `source` of the iommufd `file`, both of which
    /// must outlive it.
    static Result<std::unique_ptr<IoDomain>> create(Kernel& kernel, int file, std::uint32_t source);

    /// The kernel forgets it.
    ~IoDomain() override;

    /// Source: drivers/iommu/iommufd/ioas.c of Linux 7.3, iommufd_ioas_copy().
    Result<void> map(Iova at, Iova from, std::uint64_t size, device::DmaRights rights) override;
    Result<void> unmap(Iova at, std::uint64_t size) override;

    /// Descriptor of its iommufd, and its number there.
    int file() const { return file_; }
    std::uint32_t id() const { return id_; }

    /// Its page tables for devices that are only attached to such.
    PageTables& tables() { return tables_; }

private:
    IoDomain(Kernel& kernel, int file, std::uint32_t source, std::uint32_t id)
        : kernel_{kernel},
          file_{file},
          source_{source},
          id_{id},
          tables_{kernel, file, id, PageTables::Of::Domain} {}

    Kernel& kernel_;
    int file_;
    std::uint32_t source_;
    std::uint32_t id_;
    PageTables tables_;
};

}  // namespace tenon::host::iommufd
