// Versions of the guest-visible defaults: data, one row each.
#pragma once

#include <span>
#include <string_view>

namespace tenon::model {

/// A version that `--machine` takes.
struct MachineVersion {
    std::string_view name;
    std::string_view what;  ///< One line for `--help`.
};

/// All versions, the default first.
std::span<const MachineVersion> machine_versions();

}  // namespace tenon::model
