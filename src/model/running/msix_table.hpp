// The MSI-X table as the guest writes and reads it. Source: PCIe Base Spec 6.0, 7.7.2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/running/interrupt_action.hpp"

namespace tenon::model::running {

/// What the guest's registers say of one vector.
struct VectorEntry {
    Message message;
    bool masked = true;

    auto operator<=>(const VectorEntry&) const = default;
};

/// One table. Entries are masked and zero after a reset.
class MsixTable {
public:
    explicit MsixTable(std::uint32_t vectors) : entries_(vectors) {}

    /// The guest wrote `size` bytes at `offset`. Sizes other than 4 and 8, and places that are not
    /// aligned to them or outside, change nothing. The vector that was written, if any.
    std::optional<std::uint32_t> write(std::uint32_t offset, std::uint8_t size,
                                       std::uint64_t value);

    /// Any 1 to 8 bytes inside one entry; all ones elsewhere.
    std::uint64_t read(std::uint32_t offset, std::uint8_t size) const;

    std::span<const VectorEntry> entries() const { return entries_; }

    void reset() { entries_.assign(entries_.size(), {}); }

    auto operator<=>(const MsixTable&) const = default;

private:
    std::vector<VectorEntry> entries_;
};

}  // namespace tenon::model::running
