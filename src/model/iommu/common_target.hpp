// Where functions go that the host isolates only together: an IOMMU group of several.
#pragma once

#include <algorithm>
#include <span>

#include "model/iommu/effect.hpp"

namespace tenon::model::iommu {

/// Where they go, of which the guest leads each to one of `wanted`: there if that is the same for
/// all, else nowhere, since each would reach what the guest gave to another alone.
inline Target common_target(std::span<const Target> wanted) {
    const bool same =
        std::ranges::adjacent_find(wanted, std::ranges::not_equal_to{}) == wanted.end();
    return wanted.empty() || !same ? Target{Blocked{}} : wanted.front();
}

}  // namespace tenon::model::iommu
