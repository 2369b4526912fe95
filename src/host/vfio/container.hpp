// The legacy interface's address space: a container that IOMMU groups join.
//
// The kernel forgets every mapping when the last group leaves, and knows none before the first one
// joins. So that devices may come and go, we remember them and map again.
//
// Of a machine whose guest has an IOMMU each group has one for itself, see group_spaces.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "device/control.hpp"
#include "host/dma_limits.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"
#include "host/vfio/dma_changes.hpp"

namespace tenon::host::vfio {

/// /dev/vfio/vfio, opened. Groups keep it alive.
class Container final : public device::AddressSpace {
public:
    /// Opens a container with the type 1 IOMMU (version 2).
    /// Errors: names the node; Unsupported if this kernel has no such IOMMU.
    static Result<std::shared_ptr<Container>> open(Kernel& kernel, const HostPaths& paths);

    /// Makes the group of this file a member; the first one brings all mappings with it.
    /// Errors: errno of the kernel; the group is then no member.
    Result<void> join(int group) TENON_EXCLUDES(mutex_);

    /// The group of this file, all of whose devices are closed, is no member any more.
    void leave(int group) TENON_EXCLUDES(mutex_);

    /// What the IOMMU does for the groups that joined, as far as this interface tells.
    device::IommuFacts facts() const;

    Result<void> map(Iova at, const device::DmaMemory& memory) override TENON_EXCLUDES(mutex_);
    /// The kernel takes a mapping of vfio-pci as it takes memory, and leaves it in place until it
    /// is unmapped.
    /// Source: drivers/vfio/vfio_iommu_type1.c of Linux 7.3, follow_fault_pfn().
    device::BarMaps bar_maps() const override { return device::BarMaps::ByAddress; }
    Result<void> map_bar(Iova at, const device::DmaMemory& bar) override TENON_EXCLUDES(mutex_);
    /// Whole mappings without a gap, by however many calls they were made.
    Result<void> unmap(Iova at, std::uint64_t size) override TENON_EXCLUDES(mutex_);

    /// As map(), with less than all rights too.
    Result<void> add(Iova at, const DmaEntry& entry) TENON_EXCLUDES(mutex_);

    /// Has `wanted` from now on, and nothing else; what it has of it already stays mapped.
    /// Errors: errno of the kernel. It then has nothing, unless that failed as well: what is left
    /// goes when it is tried again.
    Result<void> replace(const DmaMaps& wanted) TENON_EXCLUDES(mutex_);

private:
    Container(Kernel& kernel, KernelFile file) : kernel_{kernel}, file_{std::move(file)} {}

    Result<void> start() TENON_REQUIRES(mutex_);
    Result<void> map_memory(Iova at, const DmaEntry& entry) TENON_REQUIRES(mutex_);
    Outcome<int> map_in_kernel(Iova at, const DmaEntry& entry);
    Result<void> unmap_range(const DmaRange& range) TENON_REQUIRES(mutex_);
    Result<void> change_to(const DmaMaps& wanted) TENON_REQUIRES(mutex_);
    std::vector<IovaWindow> windows() const;

    Kernel& kernel_;
    KernelFile file_;
    Mutex mutex_;
    DmaMaps maps_ TENON_GUARDED_BY(mutex_);
    unsigned members_ TENON_GUARDED_BY(mutex_) = 0;
};

}  // namespace tenon::host::vfio
