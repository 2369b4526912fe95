// What of a function's plan can be compared with another's: every field of the JSON that `tenon
// plan
// --json` prints, and the guest's configuration bytes where they are known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/text/leaf.hpp"
#include "cli/text/library.hpp"
#include "pci/config_image.hpp"

namespace tenon::cli::text {

/// Where the registers of a capability are in the guest.
struct ComparableCapability {
    bool extended = false;
    std::uint16_t id = 0;
    std::string name;
    std::uint16_t at = 0;
    std::uint16_t size = 0;
};

/// One function, its port and its machine.
struct Comparable {
    std::string name;          ///< As it was typed.
    std::vector<Leaf> leaves;  ///< Of the function, then "port.…", then "plan.…" of the machine.
    std::vector<ComparableCapability> capabilities;  ///< Those that the guest sees.
    std::size_t config_known = 0;                    ///< Bytes that were read of it.
    std::optional<pci::ConfigImage> config;          ///< As the guest finds it.
};

/// What `named` means: a device as `plan` takes it (keys included), planned with `options`, or a
/// file of plan --json, with FILE#ADDRESS or FILE#ID for one of several functions, which `options`
/// say nothing of. Of their ports the device has the one that it names.
/// Errors: as those of a plan; Malformed for JSON that is no plan; NotFound listing the functions.
Result<Comparable> read_comparable(const Host& host, const std::string& named,
                                   const MachineArguments& options);

/// The function of a plan in JSON that `wanted` means: its host address or its id; empty: the only
/// one. `file` names the plan in errors.
/// Errors: Malformed, NotFound.
Result<Comparable> read_plan(std::string_view json, const std::string& file,
                             std::string_view wanted);

/// Whether `named` is such a file.
bool is_plan_file(const std::string& named);

}  // namespace tenon::cli::text
