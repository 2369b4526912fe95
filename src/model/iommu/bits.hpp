// Fields of the words that a remapping unit reads.
#pragma once

#include <cstdint>

namespace tenon::model::iommu {

/// A word whose `count` lowest bits are set. `count` below 64.
constexpr std::uint64_t low_bits(unsigned count) { return (1ull << count) - 1; }

/// Bits `high` to `low` of `word`, both included: the specification names fields so.
constexpr std::uint64_t field(std::uint64_t word, unsigned high, unsigned low) {
    return word >> low & low_bits(high - low + 1);
}

}  // namespace tenon::model::iommu
