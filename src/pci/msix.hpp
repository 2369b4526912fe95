// The MSI-X capability: offsets inside it and registers. Source: PCIe Base Spec 6.0, 7.7.2.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace msix {
inline constexpr std::size_t control = 0x02;  ///< Message Control.
inline constexpr std::size_t table = 0x04;    ///< Where the table is.
inline constexpr std::size_t pending = 0x08;  ///< Where the pending bit array is.
}  // namespace msix

/// Message Control of MSI-X. Source: 7.7.2.2.
struct MsixTableSize : Bits<10, 0, Access::ReadOnly> {};  ///< Vectors, less one.
struct MsixFunctionMask : Bits<14, 14, Access::ReadWrite> {};
struct MsixEnable : Bits<15, 15, Access::ReadWrite> {};
using MsixControl = Register<std::uint16_t, MsixTableSize, MsixFunctionMask, MsixEnable>;

/// Where one of the two structures is: in which BAR, and how many bytes from its start, a multiple
/// of 8. Source: 7.7.2.3, 7.7.2.4.
struct MsixStructureBar : Bits<2, 0, Access::ReadOnly> {};
struct MsixStructureOffset : Bits<31, 3, Access::ReadOnly> {};
using MsixStructure = Register<std::uint32_t, MsixStructureBar, MsixStructureOffset>;

/// Its offset in bytes.
constexpr std::uint32_t offset_of(MsixStructure structure) {
    return structure.raw() & std::uint32_t{MsixStructureOffset::mask};
}

}  // namespace tenon::pci
