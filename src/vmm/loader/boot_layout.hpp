// Where the structures are that a kernel is given: all in the first MiB, the kernel above it.
//
//   0x00500  descriptor table        0x20000  command line
//   0x06000  PVH start info          0xa0000  (hole of the PC)
//   0x07000  Linux boot parameters   0xe0000  ACPI tables
//   0x09000  page tables             0xff000  what a processor does at its reset vector
//                                    1 MiB    kernel; the initial RAM disk at the end of low memory
#pragma once

#include <cstdint>

#include "base/strong.hpp"

namespace tenon::vmm::loader {

inline constexpr GuestAddress start_info{0x6000};
inline constexpr GuestAddress boot_parameters{0x7000};
inline constexpr GuestAddress command_line{0x2'0000};
inline constexpr std::uint64_t command_line_limit = 0x1'0000;  ///< With the zero at its end.
inline constexpr std::uint64_t pc_hole = 0xa'0000;
inline constexpr GuestAddress acpi_tables{0xe'0000};
inline constexpr std::uint64_t acpi_limit = 0x1'f000;
inline constexpr GuestAddress reset_page{0xf'f000};
inline constexpr std::uint64_t reset_page_size = 0x1000;
inline constexpr GuestAddress reset_vector{0xf'fff0};  ///< F000:FFF0 of real mode.
inline constexpr std::uint64_t kernel_floor = 0x10'0000;

}  // namespace tenon::vmm::loader
