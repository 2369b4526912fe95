// Why a remapping unit refuses a request. Source: Intel VT-d specification 4.1, 7.1.3.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::model::iommu {

/// Numbers as a fault record has them. Of each table: not present, unreadable, reserved bits.
enum class FaultReason : std::uint8_t {
    RootNotPresent = 0x01,
    ContextNotPresent = 0x02,
    ContextInvalid = 0x03,
    TableUnreadable = 0x07,
    RootUnreadable = 0x08,
    ContextUnreadable = 0x09,
    RootReserved = 0x0a,
    ContextReserved = 0x0b,
    TableReserved = 0x0c,
    LeadsToInterrupts = 0x0e,

    InterruptReserved = 0x20,
    InterruptIndexTooLarge = 0x21,
    InterruptNotPresent = 0x22,
    InterruptUnreadable = 0x23,
    InterruptEntryReserved = 0x24,
    InterruptCompatibilityBlocked = 0x25,
    InterruptSourceRefused = 0x26,

    RootTableInvalid = 0x30,

    ScalableRootUnreadable = 0x38,
    ScalableRootNotPresent = 0x39,
    ScalableRootReserved = 0x3a,
    ScalableContextUnreadable = 0x40,
    ScalableContextNotPresent = 0x41,
    ScalableContextReserved = 0x42,
    ScalableContextInvalid = 0x43,
    RidPasidInvalid = 0x48,
    DirectoryUnreadable = 0x50,
    DirectoryNotPresent = 0x51,
    DirectoryReserved = 0x52,
    PasidUnreadable = 0x58,
    PasidNotPresent = 0x59,
    PasidReserved = 0x5a,
    PasidInvalid = 0x5b,
    ScalableTableUnreadable = 0x78,
    ScalableTableReserved = 0x7a,
    ScalableLeadsToInterrupts = 0x87,
};

/// In words for a person: "the context entry has reserved bits set".
std::string_view text_of(FaultReason reason);

/// Whether the reason is only that software has set nothing up: no mistake before a device asks.
constexpr bool is_absence(FaultReason reason) {
    switch (reason) {
        case FaultReason::RootNotPresent:
        case FaultReason::ContextNotPresent:
        case FaultReason::ScalableRootNotPresent:
        case FaultReason::ScalableContextNotPresent:
        case FaultReason::DirectoryNotPresent:
        case FaultReason::PasidNotPresent:
            return true;
        default:
            return false;
    }
}

}  // namespace tenon::model::iommu
