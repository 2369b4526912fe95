#include "model/chosen/machine_version.hpp"

#include <algorithm>
#include <array>

namespace tenon::model::chosen {
namespace {

constexpr PasidOffset tenon_chooses = std::nullopt;
constexpr PasidOffset last_bytes = 0xff8;

// Of QEMU's releases these are the defaults that a guest sees of an assigned function:
//  - Each lets a root port complete AtomicOps for a lone function 0 alone, and never says so.
//  - 11.0 shows ATS whatever the kernel reports; its property ats=auto came with 11.1.
//  - Both put PASID into the last 8 bytes of the space.
//  - Both stop the guest when a device has an error.
constexpr std::array versions{
    MachineVersion{
        .name = "tenon-1",
        .what = "the current defaults",
        .defaults = {.ats = AtsMode::Auto,
                     .intx = IntxChoice::Automatic,
                     .msix_relocation = MsixRelocation{},
                     .atomics = AtomicsRule{.mode = AtomicsMode::Auto},
                     .hotplug = true,
                     .pasid = PasidMode::Auto,
                     .pasid_offset = tenon_chooses,
                     .reset = ResetChoice::Auto,
                     .on_error = ErrorAction::Report,
                     .viommu_pasid_width = 0u},
    },
    MachineVersion{
        .name = "qemu-11.1",
        .what = "as QEMU 11.1 shows devices",
        .defaults = {.ats = AtsMode::Auto,
                     .intx = IntxChoice::Automatic,
                     .msix_relocation = MsixRelocation{},
                     .atomics = AtomicsRule{.mode = AtomicsMode::LoneFunction},
                     .hotplug = true,
                     .pasid = PasidMode::Auto,
                     .pasid_offset = last_bytes,
                     .reset = ResetChoice::Auto,
                     .on_error = ErrorAction::Stop,
                     .viommu_pasid_width = 0u},
    },
    MachineVersion{
        .name = "qemu-11.0",
        .what = "as QEMU 11.0 shows devices",
        .defaults = {.ats = AtsMode::On,
                     .intx = IntxChoice::Automatic,
                     .msix_relocation = MsixRelocation{},
                     .atomics = AtomicsRule{.mode = AtomicsMode::LoneFunction},
                     .hotplug = true,
                     .pasid = PasidMode::Auto,
                     .pasid_offset = last_bytes,
                     .reset = ResetChoice::Auto,
                     .on_error = ErrorAction::Stop,
                     .viommu_pasid_width = 0u},
    },
};

}  // namespace

std::span<const MachineVersion> machine_versions() { return versions; }

const MachineVersion* find_machine_version(std::string_view name) {
    const auto* const found = std::ranges::find(versions, name, &MachineVersion::name);
    return found == versions.end() ? nullptr : found;
}

PropertyOrigin origin_of(const MachineVersion& version) {
    return version.name == versions.front().name ? PropertyOrigin::Version
                                                 : PropertyOrigin::Compatibility;
}

}  // namespace tenon::model::chosen
