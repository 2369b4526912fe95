// The Power Management capability: offsets inside it and registers.
// Source: PCI Power Management 1.2, 3.2.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace power_management {
inline constexpr std::size_t capabilities = 0x02;
inline constexpr std::size_t control = 0x04;  ///< Power Management Control/Status.
}  // namespace power_management

/// Power Management Capabilities; D0 and D3hot are there always. Source: 3.2.3.
struct PowerManagementVersion : Bits<2, 0, Access::ReadOnly> {};
struct D1Support : Bits<9, 9, Access::ReadOnly> {};
struct D2Support : Bits<10, 10, Access::ReadOnly> {};
using PowerCapabilities = Register<std::uint16_t, PowerManagementVersion, D1Support, D2Support>;

/// Power Management Control/Status: 0 to 3 for D0 to D3hot. Source: 3.2.4.
struct PowerState : Bits<1, 0, Access::ReadWrite> {};
struct NoSoftReset : Bits<3, 3, Access::ReadOnly> {};  ///< Registers survive D3hot to D0.
using PowerControl = Register<std::uint16_t, PowerState, NoSoftReset>;

}  // namespace tenon::pci
