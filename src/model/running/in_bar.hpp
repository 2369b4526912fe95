// Where an access to a BAR falls.
#pragma once

#include <cstdint>

#include "model/function/function_view.hpp"

namespace tenon::model::running {

/// Who answers for a part of a BAR.
enum class BarPart {
    Device,
    Table,    ///< MSI-X Table: ours.
    Pending,  ///< Pending bits of MSI-X: ours.
    Nothing   ///< Reads as ones, takes no writes.
};

/// A place in a BAR.
struct InBar {
    BarPart part = BarPart::Device;
    std::uint64_t offset = 0;  ///< From the start of the part.

    bool operator==(const InBar&) const = default;
};

/// Where `size` bytes at `offset` in BAR `index` of the function are. What lies beyond the device's
/// own bytes, or across the edge of a part of ours, is nothing. `offset` and `size` lie in the BAR.
InBar find_in_bar(const function::FunctionView& view, unsigned index, std::uint64_t offset,
                  unsigned size);

}  // namespace tenon::model::running
