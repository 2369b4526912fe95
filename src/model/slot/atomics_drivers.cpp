#include "model/slot/atomics_drivers.hpp"

#include <algorithm>
#include <array>

#include "device/facts.hpp"

namespace tenon::model::slot {
namespace {

using device::atomics_128;
using device::atomics_32;
using device::atomics_64;

constexpr std::uint8_t network = 0x02;
constexpr std::uint8_t display = 0x03;
constexpr std::uint8_t accelerator = 0x12;

constexpr std::string_view amdgpu_without =
    "its log says that PCIe atomic ops are not supported, "
    "and ROCm's compute goes without them or refuses";
constexpr std::string_view amdgpu_source = "Linux 7.3, drivers/gpu/drm/amd/amdgpu/amdgpu_device.c";
constexpr std::string_view nvidia_without = "it does not use them";
constexpr std::string_view nvidia_source =
    "NVIDIA open-gpu-kernel-modules, kernel-open/nvidia/os-pci.c";

constexpr std::array drivers{
    AtomicsDriver{.name = "amdgpu",
                  .vendor = 0x1002,
                  .base_class = display,
                  .first_device = 0,
                  .widths = atomics_32 | atomics_64,
                  .all = true,
                  .reads_back = false,
                  .without = amdgpu_without,
                  .source = amdgpu_source},
    AtomicsDriver{.name = "amdgpu",
                  .vendor = 0x1002,
                  .base_class = accelerator,
                  .first_device = 0,
                  .widths = atomics_32 | atomics_64,
                  .all = true,
                  .reads_back = false,
                  .without = amdgpu_without,
                  .source = amdgpu_source},
    AtomicsDriver{.name = "nvidia",
                  .vendor = 0x10de,
                  .base_class = display,
                  .first_device = 0,
                  .widths = atomics_32 | atomics_64 | atomics_128,
                  .all = false,
                  .reads_back = true,
                  .without = nvidia_without,
                  .source = nvidia_source},
    AtomicsDriver{.name = "mlx5_core",
                  .vendor = 0x15b3,
                  .base_class = network,
                  .first_device = 0x1011,
                  .widths = atomics_32 | atomics_64 | atomics_128,
                  .all = false,
                  .reads_back = false,
                  .without = "it goes on without them",
                  .source = "Linux 7.3, drivers/net/ethernet/mellanox/mlx5/core/main.c"},
    AtomicsDriver{.name = "bnxt_re",
                  .vendor = 0x14e4,
                  .base_class = network,
                  .first_device = 0,
                  .widths = atomics_32 | atomics_64,
                  .all = true,
                  .reads_back = true,
                  .without = "it offers RDMA without atomics",
                  .source = "Linux 7.3, drivers/infiniband/hw/bnxt_re/qplib_res.c"},
    AtomicsDriver{.name = "qedr",
                  .vendor = 0x1077,
                  .base_class = network,
                  .first_device = 0,
                  .widths = atomics_64,
                  .all = true,
                  .reads_back = false,
                  .without = "it offers RDMA without atomics",
                  .source = "Linux 7.3, drivers/infiniband/hw/qedr/main.c"},
};

}  // namespace

const AtomicsDriver* find_atomics_driver(std::uint16_t vendor, std::uint16_t device,
                                         std::uint32_t class_code) {
    const auto* const found = std::ranges::find_if(drivers, [&](const AtomicsDriver& row) {
        return row.vendor == vendor && row.base_class == class_code >> 16 &&
               device >= row.first_device;
    });
    return found == drivers.end() ? nullptr : found;
}

}  // namespace tenon::model::slot
