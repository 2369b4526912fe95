// The rows of the file `resource` of a function, pasted as they are.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/text/decoded_bars.hpp"
#include "device/resource_row.hpp"
#include "pci/config_image.hpp"

namespace tenon::capture::text {

/// The rows of one function, 17 at most.
using ResourceRows = std::vector<device::ResourceRow>;

/// BAR 0 to 5 that all virtual functions of a function have together; size 0: none.
using VirtualBars = std::array<device::ResourceFacts, device::bar_count>;

/// Reads one line; none if it is no such row.
std::optional<device::ResourceRow> as_resource_row(std::string_view line);

/// Whether the rows are of the function with these bytes: each BAR with an address begins there,
/// and one is.
bool are_of_same_function(const ResourceRows& rows, const pci::ConfigImage& config);

/// Its own BARs and ROM; none: rows are missing.
std::optional<Resources> own_resources(const ResourceRows& rows);

/// Those of its virtual functions; none: rows are missing, or it has none.
std::optional<VirtualBars> virtual_bars(const ResourceRows& rows);

}  // namespace tenon::capture::text
