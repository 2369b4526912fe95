// The values of a remapping unit's registers, and what a write leaves in them.
#pragma once

#include <array>
#include <cstdint>

#include "model/iommu/registers.hpp"

namespace tenon::model::iommu {

/// Values by offset, in words of 32 bits: a register of 64 is two of them, as software may access
/// it. Offsets past the registers read 0 and take nothing.
class RegisterFile {
public:
    /// What the unit can do: Capability and Extended Capability.
    RegisterFile(std::uint64_t capability, std::uint64_t extended_capability);

    /// Back to the values after a reset.
    void reset();

    /// `offset` is a multiple of 4.
    std::uint32_t read32(std::uint16_t offset) const;
    std::uint64_t read64(std::uint16_t offset) const;

    /// What software writes: reserved and read-only bits stay.
    void write32(std::uint16_t offset, std::uint32_t value);

    /// What the unit itself sets, in any bit.
    void set32(std::uint16_t offset, std::uint32_t value);
    void set64(std::uint16_t offset, std::uint64_t value);

    /// The register at `offset` as its type.
    template <typename Reg>
    Reg get(std::uint16_t offset) const {
        if constexpr (sizeof(Reg{0}.raw()) == 8)
            return Reg{read64(offset)};
        else
            return Reg{read32(offset)};
    }

    bool operator==(const RegisterFile&) const = default;

private:
    std::uint64_t capability_;
    std::uint64_t extended_capability_;
    std::array<std::uint32_t, registers_end / 4> words_{};
};

}  // namespace tenon::model::iommu
