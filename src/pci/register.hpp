// A register, declared once: its fields with their bits and how each answers a guest's write.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>

namespace tenon::pci {

/// How a bit answers a write. Source: PCIe Base Spec 6.0, 7.4 (RO, RW, RW1C).
enum class Access { ReadOnly, ReadWrite, WriteOneToClear };

/// Bits High..Low, both inclusive and high first, as the specification prints them.
template <unsigned High, unsigned Low, Access How>
struct Bits {
    static_assert(High >= Low && High < 32);
    static constexpr unsigned low = Low;
    static constexpr std::uint64_t mask = ((1ull << (High - Low + 1)) - 1) << Low;
    static constexpr Access access = How;
};

/// A register's value. Bits that no field names are reserved: read-only.
template <std::unsigned_integral Word, typename... Fields>
class Register {
    static constexpr std::uint64_t named = (Fields::mask | ...);
    static_assert((std::popcount(Fields::mask) + ...) == std::popcount(named), "fields overlap");
    static_assert(named <= std::numeric_limits<Word>::max(), "a field leaves the register");

public:
    constexpr explicit Register(Word raw) : raw_{raw} {}

    constexpr Word raw() const { return raw_; }

    /// The value of one field, moved down to bit 0.
    template <typename Field>
    constexpr Word get() const {
        return static_cast<Word>((raw_ & Field::mask) >> Field::low);
    }

    /// This value with one field replaced; bits of `value` that do not fit are dropped.
    template <typename Field>
    constexpr Register with(Word value) const {
        const auto placed = (static_cast<std::uint64_t>(value) << Field::low) & Field::mask;
        return Register{static_cast<Word>((raw_ & ~Field::mask) | placed)};
    }

    /// The bits that answer a write in the way of `how`.
    static constexpr Word mask_of(Access how) {
        return static_cast<Word>(((Fields::access == how ? Fields::mask : 0) | ...));
    }

private:
    Word raw_;
};

}  // namespace tenon::pci
