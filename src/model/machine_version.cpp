#include "model/machine_version.hpp"

#include <array>

namespace tenon::model {

std::span<const MachineVersion> machine_versions() {
    static constexpr std::array versions{
        MachineVersion{.name = "tenon-1", .what = "the current defaults"},
    };
    return versions;
}

}  // namespace tenon::model
