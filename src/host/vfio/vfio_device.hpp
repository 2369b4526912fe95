// A function that VFIO opened for us: the seam of device/control.hpp over its file.
//
//     VfioDevice ──keeps──▶ group ──keeps──▶ container          (group interface)
//         │      ──keeps──▶ iommufd                             (its own node)
//         └─ file, closed before what it keeps
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "device/control.hpp"
#include "host/kernel.hpp"

namespace tenon::host::vfio {

/// What leads the DMA of a group elsewhere; empty where it has no address space of its own.
struct GroupMoves {
    std::function<Result<void>(device::Domain*)> attach;  ///< Null: to what all groups have.
    std::function<Result<void>()> block;
};

/// An opened function. The kernel, which takes calls from any thread, must outlive it.
class VfioDevice final : public device::DeviceControl {
public:
    /// What the interface that opened the function hands over.
    struct Opened {
        std::string name;                  ///< For messages: "0000:65:00.0".
        KernelFile file;                   ///< Of the device; answers VFIO's requests.
        std::shared_ptr<const void> keep;  ///< Goes after the file.
        std::optional<int> kvm_file;       ///< What kvm-vfio is told; none: the device's file.
        std::function<device::IommuFacts()> iommu;  ///< Asks about its IOMMU; none: unknown.
        bool resets = true;                         ///< It is reset when it goes.
        /// Of a device in an address space of iommufd, which it leaves at the end: by which numbers
        /// it can be attached to a domain, or back (null). None: it is in no iommufd.
        std::function<Result<std::vector<std::uint32_t>>(device::Domain*)> page_tables = {};
        bool takes_pasids = false;  ///< These numbers are for its PASIDs too.
        /// Of a device whose group has an address space of its own: how that gets other contents.
        GroupMoves moves = {};
    };

    /// Takes over an opened function, after asking for its regions.
    /// Errors: as VFIO_DEVICE_GET_REGION_INFO; the function is closed again.
    static Result<std::unique_ptr<VfioDevice>> create(Kernel& kernel, Opened opened);

    /// Switches interrupts off, resets the function if it can be and may be, gives AtomicOp
    /// Requester Enable the value that it was found with, takes the function out of its address
    /// space, and closes it: whoever else has the file open holds a device that reaches nothing.
    ~VfioDevice() override;

    /// The kernel sets AtomicOp Requester Enable in a function whose path completes AtomicOps,
    /// each time it is asked for the device information; this puts the bit back, and nobody above
    /// has to know. In a virtual function the kernel sets the bit of its physical one, out of reach
    /// until that is reset.
    /// Source: drivers/vfio/pci/vfio_pci_core.c of Linux 7.2, vfio_pci_info_atomic_cap().
    Result<device::VfioFacts> facts() override;

    device::IommuFacts iommu() override;

    Result<void> read(unsigned region, std::uint64_t offset, std::span<std::byte> out) override;
    Result<void> write(unsigned region, std::uint64_t offset,
                       std::span<const std::byte> in) override;
    Result<Mapping> map(unsigned region, const device::MmapArea& area) override;
    Result<device::Offer> set_vectors(device::IrqIndex index, std::uint32_t first,
                                      std::span<const int> events) override;
    Result<void> unmask_intx() override;
    Result<void> unmask_intx_on(int event) override;
    Result<void> disable_vectors(device::IrqIndex index) override;
    Result<void> reset() override;
    Result<void> hot_reset(std::span<const int> owners) override;
    Result<Fd> bar_file(unsigned bar, const device::MmapArea& area) override;
    Result<void> attach(device::Domain* domain) override;
    Result<void> block() override;
    Result<void> attach_pasid(std::uint32_t pasid, device::Domain* domain) override;
    Result<void> detach_pasid(std::uint32_t pasid) override;
    int kvm_file() const override { return kvm_file_; }

private:
    /// AtomicOp Requester Enable of the function.
    struct RequesterEnable {
        std::size_t at = 0;  ///< Of Device Control 2.
        bool value = false;
    };

    VfioDevice(Kernel& kernel, Opened opened);

    static std::optional<RequesterEnable> requester_enable_of(const pci::ConfigImage& config);
    Result<const device::RegionFacts*> region_at(unsigned region, std::uint64_t offset,
                                                 std::uint64_t size) const;
    Result<pci::ConfigImage> read_config();
    Result<device::DeviceInfo> device_info(const pci::ConfigImage& before);
    Result<void> set_requester_enable(std::size_t at, bool value);
    template <typename Attach>
    Result<void> attach_by(Attach attach, device::Domain* domain, const std::string& step);
    Error cannot_hot_reset(int os_error);

    Kernel& kernel_;
    std::string name_;
    std::function<device::IommuFacts()> iommu_;
    std::shared_ptr<const void> keep_;
    KernelFile file_;
    int kvm_file_;
    bool resets_;
    std::function<Result<std::vector<std::uint32_t>>(device::Domain*)> page_tables_;
    bool takes_pasids_;
    GroupMoves moves_;
    std::array<device::RegionFacts, device::config_region + 1> regions_;
    /// As it was before the first question; none: nobody asked, or there is no such register.
    std::optional<RequesterEnable> found_;
};

}  // namespace tenon::host::vfio
