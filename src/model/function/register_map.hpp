// For each bit of a function's configuration space: who answers the guest, and where a write goes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pci/config_image.hpp"

namespace tenon::model::function {

/// PowerState of a Power Management capability, of which a function may support some values only.
struct PowerStates {
    std::size_t control_at = 0;     ///< Of its register in configuration space; 0: there is none.
    std::uint8_t supported = 0x0f;  ///< Bit n: Dn.

    bool supports(unsigned state) const { return (supported >> state & 1) != 0; }
    bool operator==(const PowerStates&) const = default;
};

/// The rules for a whole configuration space, as masks over its bytes.
///
/// A read gives the bit of `ours` from our own state, every other bit from the device. A write
/// changes the bits of `writable` in our state, clears those of `clearable` where it writes ones,
/// and passes the bits of `passed` to the device. A bit in none of them ignores writes.
///
/// Bytes that we synthesize or that hide something are ours and never passed; ConfigState states
/// what follows from that. Bits that are kept or cleared here are ours.
struct RegisterMap {
    pci::ConfigImage start{pci::express_size};      ///< Our state after a reset of the function.
    pci::ConfigImage ours{pci::express_size};       ///< Mask: read from our state.
    pci::ConfigImage writable{pci::express_size};   ///< Mask: kept by us when written.
    pci::ConfigImage clearable{pci::express_size};  ///< Mask: cleared by us where ones are written.
    pci::ConfigImage passed{pci::express_size};     ///< Mask: written through to the device.
    PowerStates power;  ///< A write of another state changes none, here and in the device.

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

    /// Makes PowerState of the Power Management capability at `at` one that a guest may change to
    /// what `capabilities`, the register of that name, says. Source: PCI Power Management 1.2,
    /// 3.2.4.
    void emulate_power_state(std::size_t at, std::uint16_t capabilities);

    /// Lets the guest read and write the device's own bits of `mask` in the byte at `at`; the other
    /// bits stay as they are. `start` has zeros there.
    void pass_bits(std::size_t at, std::uint8_t mask);

    bool operator==(const RegisterMap&) const = default;
};

}  // namespace tenon::model::function
