// A kernel's file: what it is, where its parts go. Pure: bytes in, a plan of loading out.
//
// The bytes are hostile: every offset and size in them is checked against the file and the room
// there is before anything is copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "vmm/kvm/cpu_state.hpp"

namespace tenon::vmm::loader {

/// A part of the file and where it goes.
struct Segment {
    GuestAddress at;
    std::span<const std::byte> bytes;
    std::uint64_t memory_size = 0;  ///< At least bytes.size(); the rest is zero.
};

/// A kernel that can be started.
struct KernelImage {
    kvm::Entry::Mode mode = kvm::Entry::Mode::Long64;
    GuestAddress entry;
    std::vector<Segment> segments;
    std::uint64_t end =
        0;  ///< First address past what the kernel takes before it knows its memory.
    std::span<const std::byte> setup_header;  ///< Of a bzImage: what the boot parameters begin
                                              ///< with, from offset 0x1f1 of the file.
    std::uint64_t initrd_limit = 0;        ///< The last byte of an initial RAM disk at most here,
    bool initrd_anywhere = false;          ///< or, if it does not fit there, at any address.
    std::uint64_t command_line_limit = 0;  ///< Characters, without the zero.
};

/// Whether the bytes begin as an ELF file does.
bool is_elf(std::span<const std::byte> file);

/// A bzImage for Linux' 64-bit boot protocol, with memory up to `low_end`.
/// Errors: Malformed or Unsupported, saying what was expected.
/// Source: Linux Documentation/arch/x86/boot.rst.
Result<KernelImage> parse_bzimage(std::span<const std::byte> file, std::uint64_t low_end);

/// An ELF vmlinux with an entry for PVH (a note of Xen's, type 18), with memory up to `low_end`.
/// Errors: as parse_bzimage().
/// Source: ELF-64 Object File Format 1.5; Xen xen/include/public/elfnote.h,
/// XEN_ELFNOTE_PHYS32_ENTRY.
Result<KernelImage> parse_vmlinux(std::span<const std::byte> file, std::uint64_t low_end);

/// Either of both.
Result<KernelImage> parse_kernel(std::span<const std::byte> file, std::uint64_t low_end);

/// The bytes at `offset` as a structure, if the file has them.
template <typename T>
Result<T> read_structure(std::span<const std::byte> file, std::uint64_t offset,
                         std::string_view what) {
    if (offset > file.size() || sizeof(T) > file.size() - offset)
        return malformed("the file ends inside its {} at {:#x}", what, offset);
    T value;
    std::ranges::copy(file.subspan(static_cast<std::size_t>(offset), sizeof(T)),
                      writable_bytes_of(value).begin());
    return value;
}

}  // namespace tenon::vmm::loader
