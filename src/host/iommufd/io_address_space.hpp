// An address space of iommufd: what the devices attached to it may reach.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "device/control.hpp"
#include "host/dma_limits.hpp"
#include "host/kernel.hpp"
#include "host/paths.hpp"

namespace tenon::host {

/// /dev/iommu, opened, with one address space (IOAS) in it. Devices keep it alive.
class IoAddressSpace final : public device::AddressSpace {
public:
    /// Opens iommufd and makes an empty address space.
    /// Errors: names the node.
    static Result<std::shared_ptr<IoAddressSpace>> open(Kernel& kernel, const HostPaths& paths);

    Result<void> map(Iova at, std::span<std::byte> memory) override;
    Result<void> unmap(Iova at, std::uint64_t size) override;

    /// Descriptor of the iommufd, and the number of the address space in it.
    int file() const { return file_.number(); }
    std::uint32_t id() const { return id_; }

    /// What the IOMMUs of all attached devices translate; empty if the kernel does not tell.
    std::vector<IovaWindow> windows() const;

    /// What the IOMMU does for the device that is bound to this iommufd as `device_id`.
    device::IommuFacts facts(std::uint32_t device_id) const;

private:
    IoAddressSpace(Kernel& kernel, KernelFile file, std::uint32_t id)
        : kernel_{kernel}, file_{std::move(file)}, id_{id} {}

    Kernel& kernel_;
    KernelFile file_;
    std::uint32_t id_;
    DmaMaps maps_;
};

}  // namespace tenon::host
