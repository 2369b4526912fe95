// The configuration header: offsets and registers.
// Source: PCI Local Bus Specification 3.0, 6.1 and 6.2; PCI-to-PCI Bridge Architecture 1.2, 3.2;
// PCIe Base Spec 6.0, 7.5.1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/register.hpp"

namespace tenon::pci {

namespace header {
inline constexpr std::size_t vendor_id = 0x00;
inline constexpr std::size_t device_id = 0x02;
inline constexpr std::size_t command = 0x04;
inline constexpr std::size_t status = 0x06;
inline constexpr std::size_t revision_id = 0x08;
inline constexpr std::size_t class_code = 0x09;  ///< Three bytes: interface, subclass, class.
inline constexpr std::size_t cache_line_size = 0x0c;
inline constexpr std::size_t latency_timer = 0x0d;
inline constexpr std::size_t header_type = 0x0e;
inline constexpr std::size_t self_test = 0x0f;  ///< BIST.
inline constexpr std::size_t bar0 = 0x10;
inline constexpr std::size_t cardbus_information = 0x28;  ///< CardBus CIS Pointer.
inline constexpr std::size_t subsystem_vendor_id = 0x2c;
inline constexpr std::size_t rom_address = 0x30;
inline constexpr std::size_t capabilities_pointer = 0x34;
inline constexpr std::size_t cardbus_capabilities_pointer = 0x14;
inline constexpr std::size_t interrupt_line = 0x3c;
inline constexpr std::size_t interrupt_pin = 0x3d;
// Of a bridge (header type 1).
inline constexpr std::size_t primary_bus = 0x18;
inline constexpr std::size_t secondary_bus = 0x19;
inline constexpr std::size_t subordinate_bus = 0x1a;
inline constexpr std::size_t io_base = 0x1c;
inline constexpr std::size_t io_limit = 0x1d;
inline constexpr std::size_t secondary_status = 0x1e;
inline constexpr std::size_t memory_base = 0x20;
inline constexpr std::size_t memory_limit = 0x22;
inline constexpr std::size_t prefetchable_base = 0x24;
inline constexpr std::size_t prefetchable_limit = 0x26;
inline constexpr std::size_t prefetchable_base_upper = 0x28;
inline constexpr std::size_t prefetchable_limit_upper = 0x2c;
inline constexpr std::size_t io_base_upper = 0x30;
inline constexpr std::size_t io_limit_upper = 0x32;
inline constexpr std::size_t bridge_control = 0x3e;
}  // namespace header

/// Command. Source: PCIe Base Spec 6.0, 7.5.1.1.3.
struct IoEnable : Bits<0, 0, Access::ReadWrite> {};
struct MemoryEnable : Bits<1, 1, Access::ReadWrite> {};
struct BusMasterEnable : Bits<2, 2, Access::ReadWrite> {};
struct ParityErrorResponse : Bits<6, 6, Access::ReadWrite> {};
struct SerrEnable : Bits<8, 8, Access::ReadWrite> {};
struct InterruptDisable : Bits<10, 10, Access::ReadWrite> {};
using Command = Register<std::uint16_t, IoEnable, MemoryEnable, BusMasterEnable,
                         ParityErrorResponse, SerrEnable, InterruptDisable>;

/// Status. Source: PCIe Base Spec 6.0, 7.5.1.1.4.
struct InterruptStatus : Bits<3, 3, Access::ReadOnly> {};
struct CapabilitiesList : Bits<4, 4, Access::ReadOnly> {};
struct StatusErrors : Bits<15, 11, Access::WriteOneToClear> {};
struct MasterDataParityError : Bits<8, 8, Access::WriteOneToClear> {};
using Status =
    Register<std::uint16_t, InterruptStatus, CapabilitiesList, MasterDataParityError, StatusErrors>;

/// Bridge Control. Source: PCIe Base Spec 6.0, 7.5.1.3.13.
struct ParityForwarding : Bits<0, 0, Access::ReadWrite> {};
struct SerrForwarding : Bits<1, 1, Access::ReadWrite> {};  ///< SERR# Enable: of error messages.
struct SecondaryBusReset : Bits<6, 6, Access::ReadWrite> {};
using BridgeControl = Register<std::uint16_t, ParityForwarding, SerrForwarding, SecondaryBusReset>;

/// Secondary Status. Source: PCIe Base Spec 6.0, 7.5.1.3.7.
struct SecondaryDataParityError : Bits<8, 8, Access::WriteOneToClear> {};
struct SecondaryAborts : Bits<13, 11, Access::WriteOneToClear> {};
struct ReceivedSystemError : Bits<14, 14, Access::WriteOneToClear> {};
struct SecondaryParityError : Bits<15, 15, Access::WriteOneToClear> {};
using SecondaryStatus = Register<std::uint16_t, SecondaryDataParityError, SecondaryAborts,
                                 ReceivedSystemError, SecondaryParityError>;

/// Memory Base and Limit, and the prefetchable ones: address bits 31:20, and what addresses the
/// window has. Source: PCIe Base Spec 6.0, 7.5.1.3.8, 7.5.1.3.9.
struct WindowAddress : Bits<15, 4, Access::ReadWrite> {};
struct WindowKind : Bits<3, 0, Access::ReadOnly> {};  ///< 1: 64 bits, of a prefetchable one.
using MemoryWindow = Register<std::uint16_t, WindowAddress, WindowKind>;

/// I/O Base and Limit: address bits 15:12. Source: PCIe Base Spec 6.0, 7.5.1.3.6.
struct IoWindowAddress : Bits<7, 4, Access::ReadWrite> {};
struct IoWindowKind : Bits<3, 0, Access::ReadOnly> {};  ///< 1: 32 bits.
using IoWindow = Register<std::uint8_t, IoWindowAddress, IoWindowKind>;

/// Expansion ROM Base Address. Source: PCIe Base Spec 6.0, 7.5.1.2.4.
struct RomEnable : Bits<0, 0, Access::ReadWrite> {};
struct RomAddress : Bits<31, 11, Access::ReadWrite> {};
using RomBaseAddress = Register<std::uint32_t, RomEnable, RomAddress>;

/// Header Type. Source: PCIe Base Spec 6.0, 7.5.1.1.9.
struct HeaderLayout : Bits<6, 0, Access::ReadOnly> {};
struct MultiFunction : Bits<7, 7, Access::ReadOnly> {};
using HeaderType = Register<std::uint8_t, HeaderLayout, MultiFunction>;

inline constexpr std::uint8_t layout_endpoint = 0;
inline constexpr std::uint8_t layout_bridge = 1;
inline constexpr std::uint8_t layout_cardbus = 2;

}  // namespace tenon::pci
