// What a kernel finds at its start: Linux' boot parameters, or PVH's start info.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/strong.hpp"
#include "vmm/loader/kernel_file.hpp"
#include "vmm/loader/memory_map.hpp"

namespace tenon::vmm::loader {

/// Where the initial RAM disk is; size 0: there is none.
struct RamDisk {
    GuestAddress at;
    std::uint64_t size = 0;
};

/// The page at boot_parameters. At most 128 ranges of the map are told.
/// Source: Linux Documentation/arch/x86/zero-page.rst.
std::vector<std::byte> make_boot_parameters(const KernelImage& image, const RamDisk& disk,
                                            std::span<const MemoryRange> map);

/// The block at start_info: start info version 1, the module, the memory map. Less than a page.
/// Source: Xen xen/include/public/arch-x86/hvm/start_info.h.
std::vector<std::byte> make_start_info(const RamDisk& disk, std::span<const MemoryRange> map);

}  // namespace tenon::vmm::loader
