// How a vCPU starts: the registers that a kernel's boot protocol wants, as plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/strong.hpp"
#include "vmm/kvm/kvm_abi.hpp"

namespace tenon::vmm::kvm {

/// How the boot vCPU enters the kernel.
struct Entry {
    enum class Mode {
        Flat32,  ///< PVH: protected mode, no paging, EBX holds `argument`.
        Long64,  ///< Linux' 64-bit protocol: paging by our tables, RSI holds `argument`.
    };
    Mode mode = Mode::Long64;
    GuestAddress address;
    GuestAddress argument;

    bool operator==(const Entry&) const = default;
};

/// Where we put our descriptor table and page tables for Long64: below 64 KiB, out of the way of
/// the structures that the kernel is given.
inline constexpr GuestAddress descriptor_table{0x500};
inline constexpr GuestAddress page_tables{0x9000};

/// General registers at the entry.
kvm_regs entry_registers(const Entry& entry);

/// `reset` with the segments and control registers of the entry.
/// Source: Linux Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"; Xen docs/misc/pvh.pandoc.
kvm_sregs entry_system_registers(kvm_sregs reset, Entry::Mode mode);

/// The descriptor table for descriptor_table: flat code at 0x10 and data at 0x18.
std::vector<std::byte> make_descriptor_table(Entry::Mode mode);

/// Page tables for page_tables: the first 4 GiB at their own addresses in pages of 2 MiB.
std::vector<std::byte> make_page_tables();

/// Memory types as firmware sets them: write-back, but uncached from `hole` up to 4 GiB. The mask
/// of a range has `physical_bits`, as many as the processor says. Source: Intel SDM volume
/// 3A, 12.11 (MTRRs).
std::vector<kvm_msr_entry> memory_types(std::uint64_t hole, unsigned physical_bits);

/// What AMD's processors say of their clock: it counts at the frequency of the highest performance
/// state. Linux blames the firmware if it does not. Older KVMs refuse the register.
/// Source: AMD PPR for family 19h, MSRC001_0015 (HWCR), bit 24.
std::vector<kvm_msr_entry> clock_frequency_select();

}  // namespace tenon::vmm::kvm
