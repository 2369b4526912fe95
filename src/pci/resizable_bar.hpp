// The Resizable BAR extended capability: two registers for each BAR that it tells of.
// Source: PCIe Base Spec 6.0, 7.8.6.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace resizable_bar {
inline constexpr std::size_t first = 0x04;    ///< Of the registers of the first BAR.
inline constexpr std::size_t entry = 8;       ///< Bytes of the registers of one BAR.
inline constexpr std::size_t control = 0x04;  ///< From the capability register of a BAR.
}  // namespace resizable_bar

/// Resizable BAR Control. A size of n stands for 2^(20 + n) bytes; the last that is defined is 43.
/// Source: 7.8.6.3.
struct ResizableBarIndex : Bits<2, 0, Access::ReadOnly> {};
struct ResizableBarCount : Bits<7, 5, Access::ReadOnly> {};  ///< In the first one alone.
struct ResizableBarSize : Bits<13, 8, Access::ReadWrite> {};
struct ResizableBarUpperSizes : Bits<31, 16, Access::ReadOnly> {};  ///< From 2^48 bytes on.
using ResizableBarControl = Register<std::uint32_t, ResizableBarIndex, ResizableBarCount,
                                     ResizableBarSize, ResizableBarUpperSizes>;

inline constexpr std::uint32_t largest_resizable_size = 43;

}  // namespace tenon::pci
