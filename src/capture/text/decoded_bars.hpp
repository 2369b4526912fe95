// Sizes of BARs from the text that `lspci -v` prints beside a dump. The bytes alone do not tell
// them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/known.hpp"
#include "device/facts.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture::text {

/// Sizes and flags of BAR 0 to 5 and the ROM.
using Resources = std::array<device::ResourceFacts, device::bar_count + 1>;

/// A line such as "Region 0: Memory at fc700000 (64-bit, prefetchable) [size=128K]".
struct DecodedBar {
    std::optional<unsigned> index;         ///< None: `lspci -v` does not number them.
    std::optional<std::uint64_t> address;  ///< None: the line has words in its place.
    std::uint64_t flags = 0;               ///< IORESOURCE_ flags; 0: the option ROM.
    std::uint64_t size = 0;                ///< Bytes; 0: the line does not tell.

    bool operator==(const DecodedBar&) const = default;
};

/// Reads one line of decoded text, without white space at its ends; none if it is not about a BAR.
std::optional<DecodedBar> parse_decoded_bar(std::string_view line);

/// What the lines of one function tell of its BARs, each line for itself: one that is there and of
/// which none tells is device::untold_bar. Unknown if no line tells the size of any.
Known<Resources> resources_of(const std::vector<DecodedBar>& lines, const pci::ConfigImage& config);

/// Whether lines from elsewhere are of the function with these bytes: every BAR with an address is
/// there, and one is.
bool are_of_same_function(const std::vector<DecodedBar>& lines, const pci::ConfigImage& config);

}  // namespace tenon::capture::text
