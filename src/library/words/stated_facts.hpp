// Facts of a host that the user states, for inputs that lack them: host-atomics=, host-ats=,
// host-pasid=, host-group=, host-reset=. A device of this host answers for itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "base/result.hpp"
#include "device/facts.hpp"
#include "library/words/keys.hpp"

namespace tenon::library::words {

/// What was stated; none: nothing.
struct StatedFacts {
    std::optional<std::uint32_t> atomics;  ///< device::atomics_32 and its like.
    std::optional<Known<bool>> ats;
    std::optional<device::PasidFacts> pasid;
    std::optional<unsigned> group;                          ///< Number of its IOMMU group.
    std::optional<std::vector<std::string>> reset_methods;  ///< As the kernel names them.

    bool operator==(const StatedFacts&) const = default;
};

/// The table of the keys that state facts.
std::span<const Key<StatedFacts>> stated_keys();

/// Puts what was stated into `facts`.
/// Errors: Malformed if the device is this host's, or if its capture knows the fact.
Result<void> apply_stated(const StatedFacts& stated, device::DeviceFacts& facts);

}  // namespace tenon::library::words
