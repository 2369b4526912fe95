// What of a function's plan can be compared with another's: the guest's view, taken from the JSON
// that `tenon plan --json` prints, and the guest's configuration bytes where they are known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cli/text/library.hpp"
#include "pci/config_image.hpp"

namespace tenon::cli::text {

/// A capability, in the guest's list or hidden.
struct ComparableCapability {
    bool extended = false;
    std::uint16_t id = 0;
    std::string name;
    std::optional<std::uint16_t> at;  ///< In the guest; none: hidden.
    std::uint16_t size = 0;
    std::string action;
    std::string why;
};

/// A register or a property by its name, in words; none: not known.
struct Trait {
    std::string name;
    std::optional<std::string> value;
};

/// One function.
struct Comparable {
    std::string name;           ///< As it was typed.
    std::vector<Trait> traits;  ///< Ids, link, interrupts: the same names in the same order always.
    std::vector<Trait> bars;    ///< By name; only those that are there.
    std::vector<ComparableCapability> capabilities;
    std::size_t config_known = 0;            ///< Bytes that were read of it.
    std::optional<pci::ConfigImage> config;  ///< As the guest finds it, but for BAR addresses.
};

/// What `named` means: a device as `plan` takes it (keys included), or a file of plan --json, with
/// FILE#ADDRESS or FILE#ID for one of several functions.
/// Errors: as those of a plan; Malformed for JSON that is no plan; NotFound listing the functions.
Result<Comparable> read_comparable(const Host& host, const std::string& named, Opening opening);

}  // namespace tenon::cli::text
