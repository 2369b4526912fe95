// The Advanced Features capability of conventional functions.
// Source: PCI ECN Advanced Capabilities for Conventional PCI, 6.13.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace advanced_features {
inline constexpr std::size_t control = 0x04;
}  // namespace advanced_features

/// AF Control: starts a function level reset. Source: 6.13.4.
struct AdvancedInitiateFlr : Bits<0, 0, Access::ReadWrite> {};
using AdvancedFeaturesControl = Register<std::uint8_t, AdvancedInitiateFlr>;

}  // namespace tenon::pci
