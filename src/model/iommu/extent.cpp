#include "model/iommu/extent.hpp"

namespace tenon::model::iommu {

Extents coalesced(const Extents& extents) {
    Extents merged;
    for (const auto& next : extents) {
        if (!merged.empty() && merged.back().continues_in(next))
            merged.back().size += next.size;
        else
            merged.push_back(next);
    }
    return merged;
}

}  // namespace tenon::model::iommu
