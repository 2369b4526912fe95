// An address space of iommufd: what the devices attached to it may reach.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "device/control.hpp"
#include "host/dma_limits.hpp"
#include "host/iommufd/iommufd_abi.hpp"
#include "host/iommufd/page_tables.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"

namespace tenon::host::iommufd {

/// /dev/iommu, opened, with one address space (IOAS) in it. Devices keep it alive.
class IoAddressSpace final : public device::AddressSpace {
public:
    /// Opens iommufd and makes an empty address space.
    /// Errors: names the node.
    static Result<std::shared_ptr<IoAddressSpace>> open(Kernel& kernel, const HostPaths& paths);

    /// The same in an iommufd that somebody else opened.
    /// Errors: Malformed if the file is something else.
    static Result<std::shared_ptr<IoAddressSpace>> adopt(Kernel& kernel, const HostPaths& paths,
                                                         KernelFile file);

    /// The kernel forgets the address space, which no device is attached to any more.
    ~IoAddressSpace() override;

    /// Maps a file of memory as such where the kernel can (Linux 6.13), by our address else.
    Result<void> map(Iova at, const device::DmaMemory& memory) override TENON_EXCLUDES(mutex_);
    /// By its file alone (Linux 6.19): iommufd takes no mapping of a device.
    /// Source: drivers/iommu/iommufd/pages.c of Linux 7.3, iopt_map_dmabuf().
    device::BarMaps bar_maps() const override { return device::BarMaps::ByFile; }
    Result<void> map_bar(Iova at, const device::DmaMemory& bar) override TENON_EXCLUDES(mutex_);
    Result<void> unmap(Iova at, std::uint64_t size) override TENON_EXCLUDES(mutex_);
    Result<std::unique_ptr<device::Domain>> make_domain() override;
    Result<std::unique_ptr<device::Domain>> make_nested(
        const device::FirstStageTables& tables) override;

    /// The device that is bound to this iommufd as `device_id`, whether its PASIDs can be attached,
    /// and whether its IOMMU nests tables: it says so, and the kernel makes a page table for that.
    BoundDevice bound(std::uint32_t device_id) TENON_EXCLUDES(mutex_);

    /// What a device of this iommufd, or a PASID of it, can be attached to so that it is in
    /// `domain`, or here (null), by numbers in the iommufd: the first that the kernel takes.
    ///
    /// What is mapped here stays in a page table of the IOMMU once the first device leaves for a
    /// domain: it is mapped and pinned once, whoever is attached.
    /// Errors: errno of the kernel; Malformed for a domain of something else.
    Result<std::vector<std::uint32_t>> page_tables(device::Domain* domain,
                                                   const BoundDevice& device)
        TENON_EXCLUDES(mutex_);

    /// Descriptor of the iommufd, and the number of the address space in it.
    int file() const { return file_.number(); }
    std::uint32_t id() const { return id_; }

    /// What the IOMMUs of all attached devices translate; empty if the kernel does not tell.
    std::vector<IovaWindow> windows() const;

    /// What the IOMMU does for a device that is bound to this iommufd.
    device::IommuFacts facts(std::uint32_t device_id) const;

private:
    IoAddressSpace(Kernel& kernel, KernelFile file, std::uint32_t id, std::string release)
        : kernel_{kernel},
          file_{std::move(file)},
          id_{id},
          release_{std::move(release)},
          tables_{kernel, file_.number(), id, PageTables::Of::Memory} {}

    static Result<std::shared_ptr<IoAddressSpace>> make_in(Kernel& kernel, const HostPaths& paths,
                                                           KernelFile file, std::string_view what);
    Outcome<int> map_in_kernel(Iova at, const device::DmaMemory& memory) TENON_REQUIRES(mutex_);
    Result<std::vector<std::uint32_t>> tables_of(device::Domain& domain, const BoundDevice& device)
        TENON_EXCLUDES(mutex_);
    Outcome<abi::GetHwInfo> hardware_info(std::uint32_t device_id, abi::HwInfoIntel& intel) const;
    Result<void> keep_page_table(std::uint32_t device_id) TENON_EXCLUDES(mutex_);
    Outcome<int> map_file(Iova at, const device::DmaMemory& memory);

    Kernel& kernel_;
    KernelFile file_;
    std::uint32_t id_;
    std::string release_;  // Of the kernel; empty if it cannot be read.
    Mutex mutex_;
    bool maps_files_ TENON_GUARDED_BY(mutex_) = true;  ///< Until the kernel says that it cannot.
    DmaMaps maps_ TENON_GUARDED_BY(mutex_);
    /// A page table of the IOMMU with all that is mapped here; none yet.
    std::optional<std::uint32_t> page_table_ TENON_GUARDED_BY(mutex_);
    PageTables tables_;
};

}  // namespace tenon::host::iommufd
