// What has to be done outside of a configuration space after an access of a guest.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

namespace tenon::model::running {

/// Where a guest has put a BAR, if it decodes at all now.
struct BarPlace {
    unsigned index = 0;
    std::uint64_t address = 0;

    bool operator==(const BarPlace&) const = default;
};

/// What has to be done outside after a write, in the order given.
namespace effect {
/// These BARs leave the guest's address space, before the device stops to answer.
struct RemoveBars {
    std::vector<BarPlace> bars;
    bool operator==(const RemoveBars&) const = default;
};
/// Write `value` (`size` bytes) at `offset` of the device's configuration space. Naturally aligned.
struct WriteDevice {
    std::uint16_t offset = 0;
    std::uint8_t size = 0;
    std::uint32_t value = 0;
    bool operator==(const WriteDevice&) const = default;
};
/// Give the bits of `mask` in the device's 16-bit register at `offset` those of `value`; its other
/// bits stay as the device has them.
struct UpdateDevice {
    std::uint16_t offset = 0;  ///< Even.
    std::uint16_t mask = 0;
    std::uint16_t value = 0;
    bool operator==(const UpdateDevice&) const = default;
};
/// These BARs enter the guest's address space.
struct PlaceBars {
    std::vector<BarPlace> bars;
    bool operator==(const PlaceBars&) const = default;
};
/// The guest changed MSI or MSI-X registers: the interrupts' state machine is to look.
struct InterruptsChanged {
    bool operator==(const InterruptsChanged&) const = default;
};
/// The guest reset the function: carry it out, interrupts off. Our state is reset already.
struct ResetFunction {
    bool operator==(const ResetFunction&) const = default;
};
/// The guest wrote PASID Control, or a reset cleared it: PASIDs of the function are now on or off.
/// Nothing of it reaches the device; an embedding VMM tells its IOMMU.
struct PasidChanged {
    bool enabled = false;
    bool execute = false;     ///< Execute Permission Enable.
    bool privileged = false;  ///< Privileged Mode Enable.
    bool operator==(const PasidChanged&) const = default;
};
/// The guest wrote ATS Control, or a reset cleared it. Its register stays as the host has it: what
/// the guest writes reaches neither the device nor its own reads.
struct AtsChanged {
    bool enabled = false;
    unsigned smallest_translation_unit = 0;  ///< As the register has it: n is 4096 << n bytes.
    bool operator==(const AtsChanged&) const = default;
};
/// The guest wrote Page Request Control or Outstanding Page Request Allocation, or a reset cleared
/// them. Both registers stay as the host has them.
struct PageRequestsChanged {
    bool enabled = false;
    bool reset = false;            ///< What is pending is forgotten, and what was counted.
    std::uint32_t allocation = 0;  ///< Requests that the function may have outstanding.
    bool operator==(const PageRequestsChanged&) const = default;
};
/// The guest's AtomicOp Requester Enable is now on or off, in a function that takes part; a gated
/// one has none. What is to be written of it to the device is a WriteDevice beside this.
struct AtomicsChanged {
    bool enabled = false;
    bool operator==(const AtomicsChanged&) const = default;
};
/// The guest set Secondary Bus Reset of a port: reset the functions below it.
struct ResetSecondaryBus {
    bool operator==(const ResetSecondaryBus&) const = default;
};
}  // namespace effect

using Effect = std::variant<effect::RemoveBars, effect::WriteDevice, effect::UpdateDevice,
                            effect::PlaceBars, effect::InterruptsChanged, effect::ResetFunction,
                            effect::ResetSecondaryBus, effect::PasidChanged, effect::AtsChanged,
                            effect::PageRequestsChanged, effect::AtomicsChanged>;

}  // namespace tenon::model::running
