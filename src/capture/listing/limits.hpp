// How much of what a text says is kept; users read these numbers in docs/users/capture.md.
#pragma once

#include <cstddef>

namespace tenon::capture::listing {

/// Functions that the words of one input are about, and symptoms of a kernel's log.
inline constexpr std::size_t most_functions = 4096;
inline constexpr std::size_t most_symptoms = 64;

/// Of one function: capabilities, lines about BARs, bytes of a name.
inline constexpr std::size_t most_capabilities = 64;
inline constexpr std::size_t most_bars = 16;
inline constexpr std::size_t longest_name = 120;

/// Buses inside one another in the drawing of `lspci -t`, and bridges above one function.
inline constexpr std::size_t deepest = 32;

/// The largest number of an IOMMU group; a kernel counts them from 0.
inline constexpr unsigned last_group = 65535;

}  // namespace tenon::capture::listing
