// The requests and structures of iommufd that we use. Debian 12 has no header for them.
// Source: include/uapi/linux/iommufd.h of Linux 7.2.
#pragma once

#include <linux/ioctl.h>

#include <cstddef>
#include <cstdint>

namespace tenon::host::iommufd::abi {

inline constexpr unsigned iommufd_type = ';';

/// Takes an object out of the iommufd: here, an address space.
struct Destroy {
    std::uint32_t size;
    std::uint32_t id;
};
static_assert(sizeof(Destroy) == 8);
inline constexpr unsigned long destroy = _IO(iommufd_type, 0x80);
static_assert(destroy == 0x3b80);

/// Makes an empty address space (an IOAS).
struct IoasAlloc {
    std::uint32_t size;
    std::uint32_t flags;
    std::uint32_t out_ioas_id;
};
static_assert(sizeof(IoasAlloc) == 12);
inline constexpr unsigned long ioas_alloc = _IO(iommufd_type, 0x81);
static_assert(ioas_alloc == 0x3b81);

/// A range of addresses, both ends included.
struct IovaRange {
    std::uint64_t start;
    std::uint64_t last;
};
static_assert(sizeof(IovaRange) == 16);

/// Asks which ranges may be mapped. EMSGSIZE with the right count if the array is too short.
struct IoasIovaRanges {
    std::uint32_t size;
    std::uint32_t ioas_id;
    std::uint32_t num_iovas;
    std::uint32_t reserved;
    std::uint64_t allowed_iovas;  ///< Address of an array of IovaRange.
    std::uint64_t out_iova_alignment;
};
static_assert(sizeof(IoasIovaRanges) == 32);
static_assert(offsetof(IoasIovaRanges, allowed_iovas) == 16);
inline constexpr unsigned long ioas_iova_ranges = _IO(iommufd_type, 0x84);
static_assert(ioas_iova_ranges == 0x3b84);

/// Maps memory of this process.
struct IoasMap {
    std::uint32_t size;
    std::uint32_t flags;
    std::uint32_t ioas_id;
    std::uint32_t reserved;
    std::uint64_t user_va;
    std::uint64_t length;
    std::uint64_t iova;
};
static_assert(sizeof(IoasMap) == 40);
inline constexpr unsigned long ioas_map = _IO(iommufd_type, 0x85);
static_assert(ioas_map == 0x3b85);
inline constexpr std::uint32_t ioas_map_fixed_iova = 1u << 0;
inline constexpr std::uint32_t ioas_map_writeable = 1u << 1;
inline constexpr std::uint32_t ioas_map_readable = 1u << 2;

/// Maps a part of a memfd, or of a dma-buf of VFIO. ENOTTY before Linux 6.13; a dma-buf is EINVAL
/// before 6.19, and ENODEV while its device does not decode memory.
struct IoasMapFile {
    std::uint32_t size;
    std::uint32_t flags;  ///< As of IoasMap.
    std::uint32_t ioas_id;
    std::int32_t fd;
    std::uint64_t start;
    std::uint64_t length;
    std::uint64_t iova;
};
static_assert(sizeof(IoasMapFile) == 40);
inline constexpr unsigned long ioas_map_file = _IO(iommufd_type, 0x8f);
static_assert(ioas_map_file == 0x3b8f);

/// Takes a range back that was mapped; `length` becomes what was unmapped.
struct IoasUnmap {
    std::uint32_t size;
    std::uint32_t ioas_id;
    std::uint64_t iova;
    std::uint64_t length;
};
static_assert(sizeof(IoasUnmap) == 24);
inline constexpr unsigned long ioas_unmap = _IO(iommufd_type, 0x86);
static_assert(ioas_unmap == 0x3b86);

/// Maps in one address space what another has mapped, whose pages stay pinned once.
struct IoasCopy {
    std::uint32_t size;
    std::uint32_t flags;  ///< As of IoasMap.
    std::uint32_t dst_ioas_id;
    std::uint32_t src_ioas_id;
    std::uint64_t length;
    std::uint64_t dst_iova;
    std::uint64_t src_iova;
};
static_assert(sizeof(IoasCopy) == 40);
inline constexpr unsigned long ioas_copy = _IO(iommufd_type, 0x83);
static_assert(ioas_copy == 0x3b83);

/// Makes a page table of the IOMMU for an address space, which lives whoever is attached. Since
/// Linux 6.6, whose structure ends before `data_type`.
struct HwptAlloc {
    std::uint32_t size;
    std::uint32_t flags;
    std::uint32_t dev_id;
    std::uint32_t pt_id;
    std::uint32_t out_hwpt_id;
    std::uint32_t reserved;
};
static_assert(sizeof(HwptAlloc) == 24);
inline constexpr unsigned long hwpt_alloc = _IO(iommufd_type, 0x89);
static_assert(hwpt_alloc == 0x3b89);
/// PASIDs of a device can be attached to it, and to others while the device itself is. EOPNOTSUPP
/// before Linux 6.15.
inline constexpr std::uint32_t hwpt_alloc_pasid = 1u << 3;
/// Others can be nested in it. EOPNOTSUPP from an IOMMU that nests none.
inline constexpr std::uint32_t hwpt_alloc_nest_parent = 1u << 0;

/// The same with data of a kind: a page table nested in another (`pt_id`). Since Linux 6.7.
struct HwptAllocNested {
    HwptAlloc plain;
    std::uint32_t data_type;
    std::uint32_t data_len;
    std::uint64_t data_uptr;
    std::uint32_t fault_id;
    std::uint32_t reserved2;
};
static_assert(sizeof(HwptAllocNested) == 48);
static_assert(offsetof(HwptAllocNested, data_uptr) == 32);
inline constexpr std::uint32_t hwpt_data_vtd_s1 = 1;

/// First-stage tables of VT-d.
struct HwptVtdS1 {
    std::uint64_t flags;
    std::uint64_t pgtbl_addr;
    std::uint32_t addr_width;
    std::uint32_t reserved;
};
static_assert(sizeof(HwptVtdS1) == 24);
inline constexpr std::uint64_t vtd_s1_supervisor = 1u << 0;
inline constexpr std::uint64_t vtd_s1_extended_accessed_flag = 1u << 1;
inline constexpr std::uint64_t vtd_s1_write_protection = 1u << 2;

/// Forgets what was cached of a nested page table. `entry_num` becomes how many were done. Since
/// Linux 6.8.
struct HwptInvalidate {
    std::uint32_t size;
    std::uint32_t hwpt_id;
    std::uint64_t data_uptr;
    std::uint32_t data_type;  ///< 0: HwptVtdS1Invalidate.
    std::uint32_t entry_len;
    std::uint32_t entry_num;
    std::uint32_t reserved;
};
static_assert(sizeof(HwptInvalidate) == 32);
inline constexpr unsigned long hwpt_invalidate = _IO(iommufd_type, 0x8d);
static_assert(hwpt_invalidate == 0x3b8d);

/// A range of pages; all with address 0 and as many pages as there can be.
struct HwptVtdS1Invalidate {
    std::uint64_t addr;
    std::uint64_t npages;
    std::uint32_t flags;
    std::uint32_t reserved;
};
static_assert(sizeof(HwptVtdS1Invalidate) == 24);

/// Asks what the IOMMU of a bound device can do. EOPNOTSUPP if its driver does not tell.
struct GetHwInfo {
    std::uint32_t size;
    std::uint32_t flags;
    std::uint32_t dev_id;
    std::uint32_t data_len;  ///< Room for data of the kind; becomes how much there is.
    std::uint64_t data_uptr;
    std::uint32_t out_data_type;
    std::uint8_t out_max_pasid_log2;  ///< 0 from kernels before 6.15 as well.
    std::uint8_t reserved[3];         // NOLINT(modernize-avoid-c-arrays): the kernel's layout
    std::uint64_t out_capabilities;
};
static_assert(sizeof(GetHwInfo) == 40);
static_assert(offsetof(GetHwInfo, out_capabilities) == 32);
inline constexpr unsigned long get_hw_info = _IO(iommufd_type, 0x8a);
static_assert(get_hw_info == 0x3b8a);
inline constexpr std::uint32_t hw_info_type_intel = 1;
inline constexpr std::uint64_t hw_dirty_tracking = 1u << 0;
inline constexpr std::uint64_t hw_pasid_exec = 1u << 1;
inline constexpr std::uint64_t hw_pasid_priv = 1u << 2;
inline constexpr std::uint64_t hw_ats_not_supported = 1u << 3;

/// Data of an Intel IOMMU: two of its registers.
struct HwInfoIntel {
    std::uint32_t flags;
    std::uint32_t reserved;
    std::uint64_t cap_reg;
    std::uint64_t ecap_reg;
};
static_assert(sizeof(HwInfoIntel) == 24);

}  // namespace tenon::host::iommufd::abi
