// Places of the board that are the same in every machine; the others come with the plan.
#pragma once

#include <cstdint>

namespace tenon::vmm::board {

/// Memory goes on here where the low part ends.
inline constexpr std::uint64_t high_memory = 0x1'0000'0000;
/// Bytes of ECAM that one bus takes. Source: PCIe Base Spec 6.0, 7.2.2.
inline constexpr std::uint64_t ecam_bus_size = 0x10'0000;

/// Interrupt controllers, where KVM has them. Source: Linux arch/x86/include/asm/apicdef.h.
inline constexpr std::uint32_t ioapic_address = 0xfec0'0000;
inline constexpr std::uint32_t local_apic_address = 0xfee0'0000;

/// Bytes of the registers of the guest's IOMMU; the plan says where.
inline constexpr std::uint64_t remapping_page = 0x1000;

/// The serial port COM1. Its interrupt is a pin of the IOAPIC.
inline constexpr std::uint16_t serial_port = 0x3f8;
inline constexpr std::uint16_t serial_ports = 8;
inline constexpr std::uint8_t serial_interrupt = 4;

/// The power button, a pin of the IOAPIC. Below 16, where no pin is shared with PCI.
inline constexpr std::uint8_t power_button_interrupt = 9;

/// Registers that end the machine: sleep control, sleep status, reset; one byte each.
inline constexpr std::uint16_t power_port = 0x600;
inline constexpr std::uint16_t power_ports = 3;

/// What only a board with firmware has: where a PC has it, but for the timer, which is where the
/// firmware for guests looks. Source: edk2 OvmfPkg/Include/IndustryStandard/CloudHv.h.
inline constexpr std::uint16_t reset_command_port = 0x64;
inline constexpr std::uint16_t cmos_port = 0x70;
inline constexpr std::uint16_t cmos_ports = 2;
inline constexpr std::uint16_t timer_port = 0x608;
inline constexpr std::uint16_t timer_ports = 4;
inline constexpr std::uint16_t config_port = 0xcf8;
inline constexpr std::uint16_t config_ports = 8;

}  // namespace tenon::vmm::board
