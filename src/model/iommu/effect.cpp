#include "model/iommu/effect.hpp"

#include <algorithm>

namespace tenon::model::iommu {

bool means(const effect::ResolveInterrupts& stale, const Message& message) {
    if (stale.all) return true;
    const auto index = entry_of(message);
    return index && std::ranges::any_of(stale.entries, [&](const InterruptRange& range) {
               return *index >= range.first && *index <= range.last;
           });
}

}  // namespace tenon::model::iommu
