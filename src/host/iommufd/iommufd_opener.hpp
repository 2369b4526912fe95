// Assignment through iommufd and the function's own device node.
#pragma once

#include <memory>

#include "device/control.hpp"
#include "host/iommufd/io_address_space.hpp"
#include "host/kernel.hpp"
#include "host/open_functions.hpp"
#include "host/paths.hpp"

namespace tenon::host::iommufd {

/// Whether PASIDs of the functions will be attached, where the host can: their page tables are made
/// for that from the start, since changing to such a one would stop a running device's DMA.
enum class Pasids { Unused, Used };

/// Opens functions through /dev/vfio/devices/vfioN, bound to one iommufd for all.
class IommufdOpener final : public device::DeviceOpener {
public:
    /// Opens /dev/iommu.
    /// Errors: as IoAddressSpace::open().
    static Result<std::unique_ptr<IommufdOpener>> create(Kernel& kernel, const HostPaths& paths,
                                                         Pasids pasids = Pasids::Unused);

    /// Works on /dev/iommu as somebody else opened it: a copy of `file`.
    /// Errors: as IoAddressSpace::adopt().
    static Result<std::unique_ptr<IommufdOpener>> adopt(Kernel& kernel, const HostPaths& paths,
                                                        int file, Pasids pasids = Pasids::Unused);

    Result<std::unique_ptr<device::DeviceControl>> open(const device::DeviceFacts& facts,
                                                        const device::Access& access) override;
    device::Interface interface() const override { return device::Interface::Iommufd; }
    device::AddressSpace& address_space() override { return *space_; }

private:
    IommufdOpener(Kernel& kernel, HostPaths paths, std::shared_ptr<IoAddressSpace> space,
                  Pasids pasids)
        : kernel_{kernel}, paths_{std::move(paths)}, space_{std::move(space)}, pasids_{pasids} {}

    Result<KernelFile> open_node(const device::DeviceFacts& facts);
    Result<KernelFile> copy_of(int file);
    Result<void> check_number(const device::DeviceFacts& facts, int file);
    Result<BoundDevice> attach(const device::DeviceFacts& facts, const device::Access& access,
                               int file);

    Kernel& kernel_;
    HostPaths paths_;
    std::shared_ptr<IoAddressSpace> space_;
    Pasids pasids_;
    OpenFunctions open_;
};

}  // namespace tenon::host::iommufd
