// The guest's memory: one memfd, seen by the guest in two parts around the hole below 4 GiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/mapping.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"

namespace tenon::vmm {

/// A part of guest memory.
struct MemoryPart {
    GuestAddress at;
    std::span<std::byte> bytes;

    std::uint64_t end() const { return at.value() + bytes.size(); }
};

/// Owns the guest's memory. Moving it keeps every address. Every access is bounded.
class GuestMemory {
public:
    /// Makes `size` bytes: up to `low_end` from address 0, the rest from 4 GiB. Both are multiples
    /// of 2 MiB. Errors: Malformed for another size; errno of memfd_create(2), ftruncate(2),
    /// mmap(2).
    static Result<GuestMemory> create(std::uint64_t size, std::uint64_t low_end);

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

}  // namespace tenon::vmm
