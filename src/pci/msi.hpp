// The MSI capability: offsets inside it and registers. Source: PCIe Base Spec 6.0, 7.7.1.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace msi {
inline constexpr std::size_t control = 0x02;  ///< Message Control.
inline constexpr std::size_t address = 0x04;
inline constexpr std::size_t upper_address = 0x08;  ///< With addresses of 64 bits alone.
inline constexpr std::size_t largest = 0x18;        ///< Bytes of one that has all of it.

/// Of what follows the address, which has 64 bits or 32. The mask and the pending bits are there
/// with per-vector masking alone.
constexpr std::size_t data(bool wide) { return wide ? 0x0c : 0x08; }
constexpr std::size_t mask(bool wide) { return data(wide) + 4; }
constexpr std::size_t pending(bool wide) { return data(wide) + 8; }

/// Vectors that a value of Multiple Message Capable or Enable stands for; values past 5 are
/// reserved.
constexpr unsigned vectors(unsigned encoded) { return 1u << std::min(encoded, 5u); }

/// What the two low bits of an address are: reserved.
inline constexpr std::uint32_t address_bits = 0xffff'fffc;
}  // namespace msi

/// Message Control of MSI. Extended Message Data is no guest's, so its two bits have no name here.
/// Source: 7.7.1.2.
struct MsiEnable : Bits<0, 0, Access::ReadWrite> {};
struct MultipleMessageCapable : Bits<3, 1, Access::ReadOnly> {};
struct MultipleMessageEnable : Bits<6, 4, Access::ReadWrite> {};
struct Msi64BitAddress : Bits<7, 7, Access::ReadOnly> {};
struct MsiPerVectorMasking : Bits<8, 8, Access::ReadOnly> {};
using MsiControl = Register<std::uint16_t, MsiEnable, MultipleMessageCapable, MultipleMessageEnable,
                            Msi64BitAddress, MsiPerVectorMasking>;

}  // namespace tenon::pci
