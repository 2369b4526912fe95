// An IOMMU of which nobody told: only a function that is opened on its host does.
#pragma once

#include "device/facts.hpp"

namespace tenon::device {

/// What one asks an IOMMU for is not known, because of `why`. How BARs are mapped stays: that is
/// not of the IOMMU.
inline void leave_untold(IommuFacts& facts, const Unknown& why) {
    facts.pasid = why;
    facts.vtd = why;
    facts.ats = why;
    facts.dirty_tracking = why;
    facts.kind = why;
    facts.page_sizes = why;
    facts.iova = why;
}

}  // namespace tenon::device
