// Assignment through iommufd and the function's own device node.
#pragma once

#include <memory>

#include "device/control.hpp"
#include "host/iommufd/io_address_space.hpp"
#include "host/kernel.hpp"
#include "host/open_functions.hpp"
#include "host/paths.hpp"

namespace tenon::host {

/// Opens functions through /dev/vfio/devices/vfioN, bound to one iommufd for all.
class IommufdOpener final : public device::DeviceOpener {
public:
    /// Opens /dev/iommu.
    /// Errors: as IoAddressSpace::open().
    static Result<std::unique_ptr<IommufdOpener>> create(Kernel& kernel, const HostPaths& paths);

    Result<std::unique_ptr<device::DeviceControl>> open(const device::DeviceFacts& facts) override;
    device::AddressSpace& address_space() override { return *space_; }

private:
    IommufdOpener(Kernel& kernel, HostPaths paths, std::shared_ptr<IoAddressSpace> space)
        : kernel_{kernel}, paths_{std::move(paths)}, space_{std::move(space)} {}

    Result<KernelFile> open_node(const device::DeviceFacts& facts);
    Result<void> check_number(const device::DeviceFacts& facts, int file);
    /// Gives the device's number in the iommufd.
    Result<std::uint32_t> attach(const device::DeviceFacts& facts, int file);

    Kernel& kernel_;
    HostPaths paths_;
    std::shared_ptr<IoAddressSpace> space_;
    OpenFunctions open_;
};

}  // namespace tenon::host
