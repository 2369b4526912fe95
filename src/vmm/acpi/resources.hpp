// Resource descriptors: what `_CRS` lists.
#pragma once

#include <cstdint>

#include "vmm/acpi/aml.hpp"

namespace tenon::vmm::acpi::resource {

/// Bus numbers first..last that a host bridge passes down.
Bytes bus_numbers(std::uint8_t first, std::uint8_t last);

/// Whether a window of memory may be cached, in the words of the specification.
enum class Caching : std::uint8_t { Uncached = 0, Cacheable = 1, Prefetchable = 3 };

/// A 32-bit window that a host bridge passes down. Size is at least 1; the end stays below 4 GiB.
Bytes memory_window32(std::uint64_t base, std::uint64_t size, Caching caching);

/// The same with 64 bits.
Bytes memory_window64(std::uint64_t base, std::uint64_t size, Caching caching);

/// Ports that a host bridge passes down.
Bytes io_window(std::uint64_t base, std::uint64_t size);

/// Memory below 4 GiB that a device uses itself, fixed.
Bytes fixed_memory32(std::uint64_t base, std::uint64_t size);

/// Ports that a device uses itself, fixed.
Bytes fixed_io(std::uint16_t base, std::uint8_t count);

/// An edge-triggered interrupt that a device has for itself.
Bytes edge_interrupt(std::uint32_t number);

/// ResourceTemplate () {descriptors}
Bytes make_template(const Bytes& descriptors);

}  // namespace tenon::vmm::acpi::resource
