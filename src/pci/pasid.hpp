// The PASID extended capability. Source: PCIe Base Spec 6.0, 7.8.9.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace pasid {
inline constexpr std::size_t size = 8;  ///< Bytes.
inline constexpr std::size_t capability = 0x04;
inline constexpr std::size_t control = 0x06;
inline constexpr unsigned most_width = 20;  ///< Bits.
}  // namespace pasid

/// PASID Capability. Source: 7.8.9.2.
struct PasidExecuteSupported : Bits<1, 1, Access::ReadOnly> {};
struct PasidPrivilegedSupported : Bits<2, 2, Access::ReadOnly> {};
struct MaxPasidWidth : Bits<12, 8, Access::ReadOnly> {};
using PasidCapability =
    Register<std::uint16_t, PasidExecuteSupported, PasidPrivilegedSupported, MaxPasidWidth>;

/// PASID Control. The two permissions are there only where the capability has them.
/// Source: 7.8.9.3.
struct PasidEnable : Bits<0, 0, Access::ReadWrite> {};
struct PasidExecuteEnable : Bits<1, 1, Access::ReadWrite> {};
struct PasidPrivilegedEnable : Bits<2, 2, Access::ReadWrite> {};
using PasidControl =
    Register<std::uint16_t, PasidEnable, PasidExecuteEnable, PasidPrivilegedEnable>;

}  // namespace tenon::pci
