// The requests and structures of iommufd that we use. Debian 12 has no header for them.
// Source: include/uapi/linux/iommufd.h of Linux 7.2.
#pragma once

#include <linux/ioctl.h>

#include <cstddef>
#include <cstdint>

namespace tenon::host::abi {

inline constexpr unsigned iommufd_type = ';';

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

}  // namespace tenon::host::abi
