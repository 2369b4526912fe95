// The properties of an assigned function that a user or a machine version chooses.
#pragma once

#include <optional>
#include <string_view>

#include "device/control.hpp"
#include "model/chosen/choices.hpp"
#include "model/chosen/property.hpp"

namespace tenon::model::chosen {

struct MachineVersion;

/// Whether the guest sees the Address Translation Service capability.
enum class AtsMode {
    Auto,  ///< Where the host's kernel does not say that it is unsupported.
    On,    ///< Always.
    Off,   ///< Never.
};

/// "auto", "on", "off".
std::string_view name_of(AtsMode mode);

/// Whether the guest sees a PASID capability.
enum class PasidMode {
    Auto,  ///< Where the host's and the guest's IOMMU both take PASIDs.
    On,    ///< The same, and where that cannot be had the function is refused.
    Off,   ///< Never.
};

/// "auto", "on", "off".
std::string_view name_of(PasidMode mode);

/// What the user said of a function; none: nothing.
struct FunctionKeys {
    std::optional<AtsMode> ats;                     ///< ats=
    std::optional<bool> ats_strict;                 ///< x-ats-strict=
    std::optional<IntxChoice> intx;                 ///< intx=
    std::optional<MsixRelocation> msix_relocation;  ///< msix-relocation=
    std::optional<PasidMode> pasid;                 ///< pasid=
    std::optional<PasidOffset> pasid_offset;        ///< pasid-offset=
    bool pasid_overlay = false;                     ///< x-pasid-overlay=on
    std::optional<ResetChoice> reset;               ///< reset=
    std::optional<ErrorAction> on_error;            ///< on-error=

    bool operator==(const FunctionKeys&) const = default;
};

/// What counts in the end. As made, the defaults of the current version.
struct FunctionProperties {
    std::string_view version = "tenon-1";  ///< Where the defaults come from. Static storage.
    Property<AtsMode> ats;
    /// Whether ATS that is asked for and cannot be had fails the start; none: as the origin says.
    std::optional<bool> ats_strict;
    Property<IntxChoice> intx;
    Property<MsixRelocation> msix_relocation;
    Property<PasidMode> pasid;
    Property<PasidOffset> pasid_offset;
    Property<ResetChoice> reset;
    Property<ErrorAction> on_error;
    bool pasid_overlay = false;  ///< Bytes that nobody owns and that are not zero may be covered.
    /// Bits of PASID that the guest's IOMMU takes; 0: none.
    unsigned viommu_pasid_width = 0;
    device::Interface interface = device::Interface::Automatic;  ///< Through which it is assigned.

    bool operator==(const FunctionProperties&) const = default;
};

/// The user's keys, and for what they leave open the version's defaults.
FunctionProperties choose_properties(const MachineVersion& version, const FunctionKeys& keys);

}  // namespace tenon::model::chosen
