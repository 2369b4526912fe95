// A row of the file `resource` of a function in sysfs: "0xfc900000 0xfc903fff 0x140204".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "device/facts.hpp"

namespace tenon::device {

/// Rows of such a file: BAR 0 to 5 and the ROM; then, of a kernel with SR-IOV, BAR 0 to 5 that all
/// virtual functions have together; then windows of bridges.
/// Source: Linux include/linux/pci.h, PCI_STD_RESOURCES and behind.
inline constexpr std::size_t first_virtual_row = bar_count + 1;
inline constexpr std::size_t most_resource_rows = 17;

/// One of them.
struct ResourceRow {
    std::uint64_t start = 0;  ///< Address on the host.
    ResourceFacts facts;

    bool operator==(const ResourceRow&) const = default;
};

/// Reads a row: start, end and IORESOURCE_ flags. One without flags, or that ends before it begins,
/// is of nothing.
/// Errors: Malformed if these are not three numbers.
Result<ResourceRow> parse_resource_row(std::string_view line);

}  // namespace tenon::device
