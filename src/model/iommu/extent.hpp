// Pieces of a device's address space: where they lead and what is allowed there.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

#include "base/strong.hpp"

namespace tenon::model::iommu {

/// What a device may do with memory.
struct Permissions {
    bool read = false;
    bool write = false;

    constexpr bool any() const { return read || write; }
    constexpr Permissions both(Permissions other) const {
        return {.read = read && other.read, .write = write && other.write};
    }
    auto operator<=>(const Permissions&) const = default;
};

/// Addresses first to last, both inclusive, so that the whole space is a range.
struct IovaRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    constexpr bool overlaps(const IovaRange& other) const {
        return first <= other.last && other.first <= last;
    }
    auto operator<=>(const IovaRange&) const = default;
};

/// Addresses of a device that lead to memory in one piece. `size` is at least 1; neither end
/// leaves 2^57.
struct Extent {
    Iova iova;
    std::uint64_t size = 0;
    GuestAddress address;
    Permissions allowed;

    constexpr IovaRange range() const { return {iova.value(), iova.value() + size - 1}; }

    /// The part of it that lies in `within`, which it overlaps.
    constexpr Extent clipped(const IovaRange& within) const {
        const auto first = std::max(iova.value(), within.first);
        const auto last = std::min(range().last, within.last);
        return {.iova = Iova{first},
                .size = last - first + 1,
                .address = address.plus(first - iova.value()),
                .allowed = allowed};
    }

    /// Whether `next` goes on where this ends, in both address spaces.
    constexpr bool continues_in(const Extent& next) const {
        return next.iova.value() == iova.value() + size &&
               next.address.value() == address.value() + size && next.allowed == allowed;
    }
    auto operator<=>(const Extent&) const = default;
};

/// By address, without overlaps.
using Extents = std::vector<Extent>;

/// The same addresses in as few pieces as possible. `extents` are by address.
Extents coalesced(const Extents& extents);

}  // namespace tenon::model::iommu
