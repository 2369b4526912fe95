// Single Root I/O Virtualization: an extended capability of a physical function, which tells of its
// virtual functions what their own registers do not. Source: PCIe Base Spec 6.0, 9.3.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pci/address.hpp"
#include "pci/config_image.hpp"

namespace tenon::pci {

namespace extended_id {
inline constexpr std::uint16_t virtualization = 0x10;
}  // namespace extended_id
namespace virtualization {
inline constexpr std::size_t total_functions = 0x0e;
inline constexpr std::size_t first_offset = 0x14;
inline constexpr std::size_t stride = 0x16;
inline constexpr std::size_t device_id = 0x1a;
inline constexpr std::size_t bar0 = 0x24;
inline constexpr std::size_t size = 0x40;
}  // namespace virtualization

/// Where the SR-IOV capability of `physical` is; none if it has none, or if not all of it was read.
std::optional<std::size_t> find_virtualization(const ConfigImage& physical);

/// Whether the function at `address` is a virtual one of `physical`, which is at `of` and whose
/// SR-IOV capability is at `at`: one of its TotalVFs, by offset and stride.
/// Source: 9.2.1.2.
bool has_virtual_function(const ConfigImage& physical, std::size_t at, const Address& of,
                          const Address& address);

/// Whether `image` answers as a virtual function: Vendor ID and Device ID read as ones, which those
/// of its physical function stand for, and the rest does not. Source: 9.3.4.1.1, 9.3.4.1.2.
bool looks_virtual(const ConfigImage& image);

}  // namespace tenon::pci
