// A function's configuration space as a picture has it: for each dword, whose it is on the host and
// what the guest gets of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/machine/machine_plan.hpp"
#include "pci/ownership.hpp"

namespace tenon::model::machine {

/// What the guest gets of a dword.
enum class GuestAccess {
    Absent,    ///< No guest sees it, or nobody read it.
    Device,    ///< The device's: read, and at least in part written.
    ReadOnly,  ///< The device's; writes end here.
    Mixed,     ///< Some bits are the device's, some ours.
    Ours,      ///< Ours: emulated or synthesized.
    Hidden,    ///< A capability was here; it reads as zero.
    Nothing,   ///< Nobody's, zero.
};

/// One dword.
struct ConfigCell {
    pci::OwnerKind owner = pci::OwnerKind::NotRead;  ///< On the host.
    std::optional<std::size_t> decision;  ///< Its capability: FunctionView::capabilities.
    GuestAccess guest = GuestAccess::Absent;

    bool operator==(const ConfigCell&) const = default;
};

inline constexpr std::size_t config_cells = pci::express_size / 4;

/// A range of bytes, both ends inclusive.
struct ConfigRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;

    bool operator==(const ConfigRange&) const = default;
};

/// The whole picture.
struct ConfigMap {
    std::vector<ConfigCell> cells = std::vector<ConfigCell>(config_cells);
    /// Registers of the host that no capability names, and that are not zero.
    std::vector<ConfigRange> strays;
};

/// Makes the picture from the plan. Owners come from the hardware's own bytes where they were read,
/// else from VFIO's view.
ConfigMap map_config(const slot::FunctionPlan& function);

/// "read and written", "read-only", …
std::string_view name_of(GuestAccess access);

}  // namespace tenon::model::machine
