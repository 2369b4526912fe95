// Devices whose INTx Linux knows not to mask as the specification says: data, a row each.
//
// VFIO masks INTx in the device (Interrupt Disable) whenever it comes, until the guest has seen to
// it, and looks at the device's status (Interrupt Status) to tell it from others on its line. Where
// that does not work, the whole line of the host is masked instead, so that nobody else may be on
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "model/function/device_ids.hpp"

namespace tenon::model::function {

/// What becomes of it.
enum class IntxFault {
    NotMasked,     ///< Its line has to be its own, else VFIO answers EBUSY.
    OldFirmware,   ///< So it is with old firmware, which configuration space does not tell.
    HiddenByVfio,  ///< vfio-pci shows no pin, and the guest has no INTx.
};

/// A row.
struct IntxTrouble {
    DeviceIds ids;
    IntxFault fault;
    std::string_view evidence;
};

/// The row for a device; null: none is known.
const IntxTrouble* find_intx_trouble(std::uint16_t vendor, std::uint16_t device);

/// A line of the host and who else is on it, "IRQ 16, with 0000:00:1b.0 (driver snd_hda_intel)";
/// "IRQ 16, alone". Empty: not known.
std::string line_in_words(const Known<device::LineFacts>& line);

/// Whether somebody else is known to be on it, who would keep VFIO from taking it.
bool is_shared(const Known<device::LineFacts>& line);

}  // namespace tenon::model::function
