// The guest's memory: one mapping, seen by the guest in two parts around the hole below 4 GiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/mapping.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"

namespace tenon::vmm::board {

/// A part of guest memory.
struct MemoryPart {
    GuestAddress at;
    std::span<std::byte> bytes;
    int file = -1;             ///< The memfd that holds it; stays the memory's. -1: none does.
    std::uint64_t offset = 0;  ///< Where in the file.

    std::uint64_t end() const { return at.value() + bytes.size(); }
};

/// What guest memory is made of.
struct MemoryBacking {
    std::uint64_t page = 0;        ///< Huge pages of 2 MiB or 1 GiB; 0: as the kernel likes.
    std::optional<unsigned> node;  ///< NUMA node it should come from.
    bool strict = false;           ///< It comes from `node` or not at all.
    bool shared = false;           ///< A file holds it in any case: other processes map it.
};

/// Owns the guest's memory. Moving it keeps every address. Every access is bounded.
///
/// A memfd holds it, sealed against shrinking, where others are to map it or where it may have huge
/// pages: mapped for DMA by
/// its file, it can be pinned without a look at our page tables. Elsewhere it is anonymous, since
/// then a memfd would be pinned and mapped for the IOMMU in pages of 4 KiB.
class GuestMemory {
public:
    /// Makes `size` bytes: up to `low_end` from address 0, the rest from 4 GiB. Both are multiples
    /// of 2 MiB, and of the backing's page.
    /// Errors: Malformed for another size; Busy, with the command that mends it, for too few huge
    /// pages; errno of memfd_create(2), ftruncate(2), mmap(2), mbind(2).
    static Result<GuestMemory> create(std::uint64_t size, std::uint64_t low_end,
                                      const MemoryBacking& backing = {});

    /// The parts in address order: one or two.
    std::span<const MemoryPart> parts() const { return parts_; }

    /// Bytes of all parts.
    std::uint64_t size() const { return mapping_.size(); }

    /// `size` bytes from `at`.
    /// Errors: Malformed unless they lie inside one part.
    Result<std::span<std::byte>> span(GuestAddress at, std::uint64_t size) const;

    /// Copies `in` to `at`.
    /// Errors: as span().
    Result<void> write(GuestAddress at, std::span<const std::byte> in) const;

    /// Fills all of `out` from `at`.
    /// Errors: as span().
    Result<void> read(GuestAddress at, std::span<std::byte> out) const;

private:
    Fd fd_;
    Mapping mapping_;
    std::vector<MemoryPart> parts_;
};

}  // namespace tenon::vmm::board
