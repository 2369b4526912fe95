// Where in configuration space a guest finds a PASID capability that its device shows elsewhere, or
// that only the kernel sees.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "model/chosen/choices.hpp"
#include "model/chosen/decision.hpp"
#include "model/chosen/property.hpp"
#include "pci/ownership.hpp"

namespace tenon::model::function {

/// What a place is chosen from.
struct PasidSpace {
    const pci::Ownership& owners;  ///< Of the hardware's own bytes, where they could be read.
    bool list_begins = false;      ///< Whether the guest's extended list has any capability.
};

/// The place, or why there is none.
struct PasidPlace {
    std::optional<std::uint16_t> at;
    std::string why;                        ///< Why there.
    std::optional<std::string> warning;     ///< Another place than the version has it.
    std::optional<chosen::Reason> refusal;  ///< Why not: the user's place, or no room at all.

    bool operator==(const PasidPlace&) const = default;
};

/// Checks the form of an offset: 4-byte aligned, 0x100 to 0xff8.
/// Errors: Malformed, saying so.
Result<void> check_pasid_offset(std::uint64_t offset);

/// Chooses the place. The same input gives the same place.
///
/// Of the user: theirs, or a refusal that names what stands there; `overlay` (x-pasid-overlay)
/// allows bytes that nobody owns and that are not zero. Of a version: its place where that is a
/// hole and QEMU could link it, else Tenon's own choice with a warning. Tenon's choice: the place
/// of the device's own capability, which no other register can share; else 0x100 where the list has
/// yet to begin; else the best hole as pci::find_holes() ranks them, if it reads as zero.
PasidPlace place_pasid(const PasidSpace& space, const chosen::Property<chosen::PasidOffset>& wanted,
                       bool overlay);

}  // namespace tenon::model::function
