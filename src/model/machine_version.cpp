#include "model/machine_version.hpp"

#include <algorithm>
#include <array>

namespace tenon::model {
namespace {

// Of QEMU's releases these are the defaults that a guest sees of an assigned function:
//  - 11.0 shows ATS whatever the kernel reports; its property ats=auto came with 11.1.
constexpr std::array versions{
    MachineVersion{
        .name = "tenon-1",
        .what = "the current defaults",
        .defaults = {.ats = AtsMode::Auto,
                     .intx = IntxChoice::Automatic,
                     .msix_relocation = MsixRelocation{}},
    },
    MachineVersion{
        .name = "qemu-11.1",
        .what = "as QEMU 11.1 shows devices",
        .defaults = {.ats = AtsMode::Auto,
                     .intx = IntxChoice::Automatic,
                     .msix_relocation = MsixRelocation{}},
    },
    MachineVersion{
        .name = "qemu-11.0",
        .what = "as QEMU 11.0 shows devices",
        .defaults = {.ats = AtsMode::On,
                     .intx = IntxChoice::Automatic,
                     .msix_relocation = MsixRelocation{}},
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

}  // namespace tenon::model
