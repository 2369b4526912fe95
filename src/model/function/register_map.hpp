// For each bit of a function's configuration space: who answers the guest, and where a write goes.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pci/config_image.hpp"

namespace tenon::model::function {

/// PowerState of a Power Management capability, of which a function may support some values only.
struct PowerStates {
    std::size_t control_at = 0;     ///< Of its register in configuration space; 0: there is none.
    std::uint8_t supported = 0x0f;  ///< Bit n: Dn.

    bool supports(unsigned state) const { return (supported >> state & 1) != 0; }
    bool operator==(const PowerStates&) const = default;
};

/// The rules for the bits of one register. A bit in none of them is read from the device, and
/// ignores writes.
template <std::unsigned_integral Word>
struct Rules {
    Word ours = 0;       ///< Read from our state.
    Word writable = 0;   ///< Kept by us when written.
    Word clearable = 0;  ///< Cleared by us where ones are written.
    Word passed = 0;     ///< Written through to the device.

    bool operator==(const Rules&) const = default;
};

/// The rules for a whole configuration space: of a few registers each its own, and of long ranges
/// between them one for all.
///
/// A read gives the bits that are ours from our own state, every other bit from the device. A write
/// changes the writable bits in our state, clears the clearable ones where it writes ones, and
/// passes those that are passed to the device.
///
/// Bytes that we synthesize or that hide something are ours and never passed; ConfigState states
/// what follows from that. Bits that are kept or cleared here are ours.
class RegisterMap {
public:
    pci::ConfigImage start{pci::express_size};  ///< Our state after a reset of the function.
    PowerStates power;  ///< A write of another state changes none, here and in the device.

    /// The rules for the register of that size at `at`. Past the end of the space, where nobody
    /// answers, all bits are ours and nothing is written.
    Rules<std::uint8_t> rules8(std::size_t at) const { return rules<std::uint8_t>(at); }
    Rules<std::uint16_t> rules16(std::size_t at) const { return rules<std::uint16_t>(at); }
    Rules<std::uint32_t> rules32(std::size_t at) const { return rules<std::uint32_t>(at); }

    /// Those of an access of `size` bytes inside one dword, in the low bits of each mask.
    Rules<std::uint32_t> rules_of(std::size_t at, std::size_t size) const {
        const auto shift = 8 * (at % 4);
        const auto inside = size >= 4 ? ~0u : (1u << 8 * size) - 1;
        const auto& all = of_dword(at / 4);
        return {.ours = all.ours >> shift & inside,
                .writable = all.writable >> shift & inside,
                .clearable = all.clearable >> shift & inside,
                .passed = all.passed >> shift & inside};
    }

    /// How many ranges of dwords with the same rules there are.
    std::size_t ranges() const { return ranges_.size(); }

    /// Makes `size` bytes from `at` ours, read-only; their value in `start` stays.
    void own(std::size_t at, std::size_t size);

    /// Makes `size` bytes from `at` ours, read-only, zero: nothing of the device shines through.
    void hide(std::size_t at, std::size_t size);

    /// Lets the guest read and write the device's own `size` bytes from `at`.
    void pass(std::size_t at, std::size_t size);

    /// Lets the guest read the device's own `size` bytes from `at`; its writes are dropped.
    void show(std::size_t at, std::size_t size);

    /// Makes the register at `at` ours, with its value and the bits that a guest may change.
    template <std::unsigned_integral Word>
    void emulate(std::size_t at, Word value, Word writable_bits = 0, Word clearable_bits = 0);

    /// Makes the bits of `mask` in the byte at `at` ours; the other bits stay as they are.
    void emulate_bits(std::size_t at, std::uint8_t mask, std::uint8_t value,
                      std::uint8_t writable_bits = 0);

    /// Passes what is written to the bits of `mask` in the register at `at` to the device as well;
    /// who answers a read, and what is kept here, stays.
    template <std::unsigned_integral Word>
    void also_pass(std::size_t at, Word mask);

    /// Makes PowerState of the Power Management capability at `at` one that a guest may change to
    /// what `capabilities`, the register of that name, says. Source: PCI Power Management 1.2,
    /// 3.2.4.
    void emulate_power_state(std::size_t at, std::uint16_t capabilities);

    /// Lets the guest read and write the device's own bits of `mask` in the byte at `at`; the other
    /// bits stay as they are. `start` has zeros there.
    void pass_bits(std::size_t at, std::uint8_t mask);

    bool operator==(const RegisterMap&) const = default;

private:
    using DwordRules = Rules<std::uint32_t>;

    static constexpr std::size_t all_dwords = pci::express_size / sizeof(std::uint32_t);
    static constexpr std::size_t line = 8;  ///< Dwords.

    /// Dwords from `first` to where the next range begins.
    struct Range {
        std::uint16_t first = 0;
        DwordRules rules;

        bool operator==(const Range&) const = default;
    };

    template <std::unsigned_integral Word>
    Rules<Word> rules(std::size_t at) const;

    const DwordRules& of_dword(std::size_t number) const {
        std::size_t n = line_range_[number / line];
        while (n + 1 < ranges_.size() && ranges_[n + 1].first <= number)
            ++n;
        return ranges_[n].rules;
    }
    void set(std::size_t at, std::size_t size, const Rules<std::uint8_t>& byte);
    template <std::unsigned_integral Word>
    void set_register(std::size_t at, const Rules<Word>& rules);
    void set_dwords(std::size_t first, std::size_t end, const DwordRules& rules);

    /// In order, the first from dword 0 on; no two neighbours have the same rules.
    std::vector<Range> ranges_ = std::vector<Range>(1);
    /// The range that the first dword of each line is in: a search begins there.
    std::array<std::uint16_t, all_dwords / line> line_range_{};
};

}  // namespace tenon::model::function
