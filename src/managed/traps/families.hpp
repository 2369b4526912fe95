// The traps, a table for each family.
#pragma once

#include <cstdint>
#include <span>

#include "managed/traps/case.hpp"

namespace tenon::managed::traps {

inline constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// What QEMU refuses before it makes a machine: words, names, buses, addresses.
std::span<const Trap> traps_of_words();

/// Where a function sits, and what it loses there.
std::span<const Trap> traps_of_place();

/// The guest's IOMMU.
std::span<const Trap> traps_of_viommu();

/// Processor and address width.
std::span<const Trap> traps_of_processor();

/// Memory that has to be locked.
std::span<const Trap> traps_of_memory();

/// Properties of an assigned function.
std::span<const Trap> traps_of_function();

/// What only the host can tell.
std::span<const Trap> traps_of_host();

}  // namespace tenon::managed::traps
