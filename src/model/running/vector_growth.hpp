// How many MSI-X vectors to take from a host that cannot add any to an enabled index.
//
// Every growth switches the index off and on. Doubling makes n vectors cost at most log2(n) of
// these, and never takes more than twice what is used. See docs/decisions/0003.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tenon::model::running {

/// Vectors to allocate where `needed` are used, `allocated` are there, and the function has
/// `capacity`.
constexpr std::uint32_t grown_vectors(std::uint32_t needed, std::uint32_t allocated,
                                      std::uint32_t capacity) {
    return std::min(std::max(needed, std::min(2 * allocated, 2 * needed)), capacity);
}

}  // namespace tenon::model::running
