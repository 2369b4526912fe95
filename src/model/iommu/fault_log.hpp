// Faults as software reads them, and the unit's own interrupts.
//
// Source: Intel VT-d specification 4.1, 7.2 to 7.4.
#pragma once

#include <cstdint>

#include "model/iommu/effect.hpp"
#include "model/iommu/register_file.hpp"

namespace tenon::model::iommu {

/// Something happened that the event at `base` (at::fault_event, at::completion_event) tells of:
/// its message goes out, or stays pending while it is masked.
void raise_event(RegisterFile& registers, std::uint16_t base, Effects& effects);

/// Software has written the event's control: what was pending goes out if it may now.
void event_unmasked(RegisterFile& registers, std::uint16_t base, Effects& effects);

/// Nothing is left to tell of: a pending message is forgotten.
void settle_event(RegisterFile& registers, std::uint16_t base);

/// The fault records and Fault Status, in the registers. Not thread-safe.
class FaultLog {
public:
    /// Works on `registers`, which must outlive it.
    explicit FaultLog(RegisterFile& registers) : registers_{registers} {}

    /// A fault that software wants to know of. Without a free record it is lost, which is said.
    void record(const Fault& fault, Effects& effects);

    /// Sets `status`, a bit of Fault Status, and tells of it.
    void raise(std::uint32_t status, Effects& effects);

    /// Software has written a fault record or Fault Status.
    void written();

    /// The registers were reset.
    void reset() { next_ = 0; }

private:
    bool tells() const;

    RegisterFile& registers_;
    unsigned next_ = 0;  ///< The record that the next fault goes into.
};

}  // namespace tenon::model::iommu
