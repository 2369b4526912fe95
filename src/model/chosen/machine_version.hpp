// Versions of the guest-visible defaults: data, one row each.
//
// Which value a property gets: the user's key or option where one is given; else the default of the
// version that `--machine` names; without `--machine` that is the current version, the first row.
// A row names each property itself and takes none from another row, so that an old version never
// changes when a new one comes. Nothing compares names or numbers of versions.
#pragma once

#include <span>
#include <string_view>

#include "model/chosen/choices.hpp"
#include "model/chosen/function_properties.hpp"
#include "model/chosen/property.hpp"

namespace tenon::model::chosen {

/// A value that has to be stated: a row that leaves one out does not compile.
template <typename T>
struct Stated {
    consteval Stated(T stated) : value{stated} {}  // NOLINT(google-explicit-constructor)
    T value;
};

/// The default of each property, as one version has it.
struct VersionDefaults {
    Stated<AtsMode> ats;
    Stated<IntxChoice> intx;
    Stated<MsixRelocation> msix_relocation;
    Stated<AtomicsRule> atomics;  ///< Of root ports.
    Stated<bool> hotplug;         ///< The same.
    Stated<PasidMode> pasid;
    Stated<PasidOffset> pasid_offset;
    Stated<ResetChoice> reset;
    Stated<ErrorAction> on_error;
    Stated<unsigned> viommu_pasid_width;  ///< Bits; 0: no IOMMU that takes PASIDs.
};

/// A version that `--machine` takes.
struct MachineVersion {
    std::string_view name;
    std::string_view what;  ///< One line for `--help`.
    VersionDefaults defaults;
};

/// All versions, the current one first.
std::span<const MachineVersion> machine_versions();

/// The version of this name; null if there is none.
const MachineVersion* find_machine_version(std::string_view name);

/// The origin of a value that is this version's default.
PropertyOrigin origin_of(const MachineVersion& version);

}  // namespace tenon::model::chosen
