#include "model/iommu/fault_reason.hpp"

namespace tenon::model::iommu {

std::string_view text_of(FaultReason reason) {
    using enum FaultReason;
    switch (reason) {
        case RootNotPresent:
        case ScalableRootNotPresent:
            return "the root entry is not present";
        case RootUnreadable:
        case ScalableRootUnreadable:
            return "the root entry is not in memory";
        case RootReserved:
        case ScalableRootReserved:
            return "the root entry has reserved bits set";
        case RootTableInvalid:
            return "the root table address has a mode that the unit lacks";
        case ContextNotPresent:
        case ScalableContextNotPresent:
            return "the context entry is not present";
        case ContextUnreadable:
        case ScalableContextUnreadable:
            return "the context entry is not in memory";
        case ContextReserved:
        case ScalableContextReserved:
            return "the context entry has reserved bits set";
        case ContextInvalid:
        case ScalableContextInvalid:
            return "the context entry asks for what the unit lacks";
        case RidPasidInvalid:
            return "the PASID of requests without one is outside the directory";
        case DirectoryNotPresent:
            return "the PASID directory entry is not present";
        case DirectoryUnreadable:
            return "the PASID directory entry is not in memory";
        case DirectoryReserved:
            return "the PASID directory entry has reserved bits set";
        case PasidNotPresent:
            return "the PASID entry is not present";
        case PasidUnreadable:
            return "the PASID entry is not in memory";
        case PasidReserved:
            return "the PASID entry has reserved bits set";
        case PasidInvalid:
            return "the PASID entry asks for what the unit lacks";
        case TableUnreadable:
        case ScalableTableUnreadable:
            return "a page table is not in memory";
        case TableReserved:
        case ScalableTableReserved:
            return "a page table entry has reserved bits set";
        case LeadsToInterrupts:
        case ScalableLeadsToInterrupts:
            return "a page leads to the addresses of interrupts";
        case InterruptReserved:
            return "the interrupt request has reserved bits set";
        case InterruptIndexTooLarge:
            return "the interrupt index is past the table";
        case InterruptNotPresent:
            return "the interrupt entry is not present";
        case InterruptUnreadable:
            return "the interrupt entry is not in memory";
        case InterruptEntryReserved:
            return "the interrupt entry has reserved bits set";
        case InterruptCompatibilityBlocked:
            return "interrupts without an index are blocked";
        case InterruptSourceRefused:
            return "the interrupt entry is another source's";
    }
    return "unknown";
}

}  // namespace tenon::model::iommu
