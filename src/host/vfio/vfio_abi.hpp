// VFIO's requests and structures: those of the system's header, and those that Debian 12's header
// (Linux 6.1) does not know yet. Nothing else includes linux/vfio.h.
// Source: include/uapi/linux/vfio.h of Linux 6.1 and 7.2.
#pragma once

#include <linux/vfio.h>

#include <cstddef>
#include <cstdint>

namespace tenon::host::vfio::abi {

static_assert(sizeof(::vfio_info_cap_header) == 8);
static_assert(sizeof(::vfio_group_status) == 8);
static_assert(sizeof(::vfio_region_info) == 32);
static_assert(sizeof(::vfio_region_sparse_mmap_area) == 16);
static_assert(sizeof(::vfio_irq_info) == 16);
static_assert(sizeof(::vfio_irq_set) == 20);
static_assert(sizeof(::vfio_iommu_type1_dma_map) == 32);
static_assert(sizeof(::vfio_iommu_type1_dma_unmap) == 24);
static_assert(VFIO_DEVICE_GET_INFO == 0x3b6b);
static_assert(VFIO_IOMMU_MAP_DMA == 0x3b71);

/// VFIO_DEVICE_GET_INFO up to the offset of the first capability; newer headers pad it.
struct DeviceInfo {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t num_regions;
    std::uint32_t num_irqs;
    std::uint32_t cap_offset;
};
static_assert(sizeof(DeviceInfo) == 20);

/// Capability of VFIO_DEVICE_GET_INFO: widths of AtomicOps completed up to the root.
inline constexpr std::uint16_t device_info_atomic_completer = 5;
struct AtomicCompleter {
    ::vfio_info_cap_header header;
    std::uint32_t flags;
    std::uint32_t reserved;
};
static_assert(sizeof(AtomicCompleter) == 16);

/// Where the areas of a sparse region begin, behind the header and their count.
inline constexpr std::size_t sparse_areas_count = 8;
inline constexpr std::size_t sparse_areas = 16;

/// VFIO_IOMMU_GET_INFO up to the offset of the first capability.
struct IommuInfo {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint64_t iova_page_sizes;
    std::uint32_t cap_offset;
    std::uint32_t pad;
};
static_assert(sizeof(IommuInfo) == 24);
inline constexpr std::uint32_t iommu_info_caps = 1u << 1;
/// Its capability of usable ranges: a count at byte 8, pairs of first and last from byte 16.
inline constexpr std::uint16_t iommu_info_iova_range = 1;

/// Binds a device's own node to an iommufd. The token is of Linux 6.17 and later; bind_size is what
/// every kernel takes.
struct BindIommufd {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::int32_t iommufd;
    std::uint32_t out_devid;
    std::uint64_t token_uuid_ptr;  ///< Of 16 bytes.
};
static_assert(sizeof(BindIommufd) == 24);
inline constexpr std::uint32_t bind_size = 16;
inline constexpr std::uint32_t bind_flag_token = 1u << 0;
inline constexpr unsigned long device_bind_iommufd = _IO(VFIO_TYPE, VFIO_BASE + 18);
static_assert(device_bind_iommufd == 0x3b76);

/// Attaches a bound device to an address space of its iommufd. Without the PASID of newer kernels.
struct AttachIommufd {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t pt_id;
};
static_assert(sizeof(AttachIommufd) == 12);
inline constexpr unsigned long device_attach_iommufd = _IO(VFIO_TYPE, VFIO_BASE + 19);
static_assert(device_attach_iommufd == 0x3b77);

/// The same of one of its PASIDs, with the flag below. Since Linux 6.15; EINVAL before.
struct AttachPasid {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t pt_id;
    std::uint32_t pasid;
};
static_assert(sizeof(AttachPasid) == 16);
inline constexpr std::uint32_t attach_pasid_flag = 1u << 0;

/// Takes it out of its address space again.
struct DetachIommufd {
    std::uint32_t argsz;
    std::uint32_t flags;
};
static_assert(sizeof(DetachIommufd) == 8);
inline constexpr unsigned long device_detach_iommufd = _IO(VFIO_TYPE, VFIO_BASE + 20);
static_assert(device_detach_iommufd == 0x3b78);

/// The same of one of its PASIDs, with the flag of AttachPasid.
struct DetachPasid {
    std::uint32_t argsz;
    std::uint32_t flags;
    std::uint32_t pasid;
};
static_assert(sizeof(DetachPasid) == 12);

/// Flags of VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, of a device that was opened by its own node: the
/// first word of an entry is no group then, but the device's number in the iommufd, or the one
/// below for a device of somebody else.
inline constexpr std::uint32_t hot_reset_device_ids = 1u << 0;
inline constexpr std::uint32_t hot_reset_not_owned = 0xffffffff;
static_assert(sizeof(::vfio_pci_hot_reset_info) == 12);
static_assert(sizeof(::vfio_pci_dependent_device) == 8);
static_assert(sizeof(::vfio_pci_hot_reset) == 12);
static_assert(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO == 0x3b70);
static_assert(VFIO_DEVICE_PCI_HOT_RESET == 0x3b71);

/// Question of VFIO_DEVICE_FEATURE: whether there is a feature, of GET here.
struct FeatureProbe {
    std::uint32_t argsz;
    std::uint32_t flags;
};
static_assert(sizeof(FeatureProbe) == 8);
static_assert(sizeof(::vfio_device_feature) == 8);
static_assert(VFIO_DEVICE_FEATURE == 0x3b75);

/// VFIO_DEVICE_FEATURE_DMA_BUF of Linux 6.19, with GET: gives out a dma-buf of one range of a BAR,
/// whole pages. The answer is its descriptor. ENOTTY from a kernel without.
/// Source: include/uapi/linux/vfio.h of Linux 7.3.
struct GetDmaBuf {
    std::uint32_t argsz;
    std::uint32_t flags;  ///< Of the question.
    std::uint32_t region_index;
    std::uint32_t open_flags;  ///< As of open(2).
    std::uint32_t dma_buf_flags;
    std::uint32_t nr_ranges;
    std::uint64_t offset;
    std::uint64_t length;
};
static_assert(sizeof(GetDmaBuf) == 40);
static_assert(offsetof(GetDmaBuf, region_index) == 8);
static_assert(offsetof(GetDmaBuf, offset) == 24);
inline constexpr std::uint32_t feature_dma_buf = 11;
inline constexpr std::uint32_t get_dma_buf = VFIO_DEVICE_FEATURE_GET | feature_dma_buf;
static_assert(get_dma_buf == 0x1000b);
static_assert(VFIO_DEVICE_FEATURE_PROBE == 1u << 18);

/// Its capability of mappings that are left: a count at byte 8.
inline constexpr std::uint16_t iommu_info_dma_available = 3;

}  // namespace tenon::host::vfio::abi
