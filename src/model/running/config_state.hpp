// The configuration space of a function while the guest runs: accesses in, effects out. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "model/function/function_view.hpp"
#include "model/function/register_map.hpp"
#include "model/running/effect.hpp"
#include "model/running/guest_switches.hpp"

namespace tenon::model::running {

/// The parts of an access that go to the device: at most two, each naturally aligned.
class Pieces {
public:
    struct Piece {
        std::uint16_t offset = 0;  ///< In configuration space.
        std::uint8_t size = 0;     ///< 1, 2 or 4 bytes.

        bool operator==(const Piece&) const = default;
    };

    void add(Piece piece) { pieces_[count_++] = piece; }
    std::span<const Piece> list() const& { return std::span{pieces_}.first(count_); }
    std::span<const Piece> list() const&& = delete;  // It would look into what is gone.

private:
    std::array<Piece, 2> pieces_{};
    std::size_t count_ = 0;
};

/// Run-time state of one function's configuration space.
///
/// Accesses are 1, 2 or 4 bytes and lie inside one dword; the caller cuts others. Others read as
/// ones and are not written. Not thread-safe.
///
/// The invariant that a guest cannot break, whatever it writes in whatever order:
///  - a byte without a bit in Rules::passed is in no WriteDevice, and a byte that is ours as a
///  whole
///    is in no device_pieces(): what we synthesize or hide is never written to the device nor read
///    from it;
///  - in a byte that is passed in part, the other bits are written as RegisterMap::start has them.
/// A reset of the function is ours to carry out: the bit that asks for it is never passed.
class ConfigState {
public:
    /// A function's space; `start` is what the guest's kernel finds. The view must outlive this.
    ConfigState(const function::FunctionView& view, const pci::ConfigImage& start);

    /// A space without a device behind it: a root port's or the host bridge's.
    explicit ConfigState(const function::RegisterMap& map);

    /// Which bits of an access have to come from the device: none if zero.
    std::uint32_t device_bits(std::uint16_t offset, std::uint8_t size) const;

    /// What of an access has to be read from the device: the bytes with such bits, and no others.
    Pieces device_pieces(std::uint16_t offset, std::uint8_t size) const;

    /// The guest's read; `from_device` has the device's bits where device_bits() asked for any.
    std::uint32_t read(std::uint16_t offset, std::uint8_t size, std::uint32_t from_device) const;

    /// The guest's write.
    std::vector<Effect> write(std::uint16_t offset, std::uint8_t size, std::uint32_t value);

    /// What has to be done to the device before a guest has it, and again after each reset that was
    /// carried out: the kernel gives it back registers that it had before.
    std::vector<Effect> prepare_device() const;

    /// Back to the state after a reset. The effects remove BARs that were placed.
    std::vector<Effect> reset();

    /// Goes by other rules from now on, which must outlive this: those of the same function or port
    /// after its slot has changed. A register in which the guest has changed something that it
    /// still may choose keeps that; all else that is ours takes its new value. The effects take
    /// from the device what the guest had passed to it and no longer may.
    std::vector<Effect> follow(const function::FunctionView& view);
    std::vector<Effect> follow(const function::RegisterMap& map);

    /// The hardware changes a register of ours: the bits of `mask` in the 16 bits at `offset` get
    /// those of `value`. For what a guest only reads or clears.
    void set(std::size_t offset, std::uint16_t mask, std::uint16_t value);

    /// The hardware raises status bits, of ours or of the device's: the bits of `bits` in the 32
    /// bits at `offset` read as ones until the guest writes ones to them. A reset of the function
    /// leaves them, as it leaves the device's own. Source: PCIe Base Spec 6.0, 7.4 (RW1CS).
    void latch(std::uint16_t offset, std::uint32_t bits);

    /// BARs that decode now, with their addresses.
    std::vector<BarPlace> placed() const;

    /// Our own bytes, as they are now; for registers whose value the shell needs.
    const pci::ConfigImage& bytes() const { return bytes_; }

private:
    bool asks_for_reset(std::uint16_t offset, std::uint8_t size, std::uint32_t value) const;
    bool touches_interrupts(std::uint16_t offset, std::uint8_t size) const;
    bool touches_placement(std::uint16_t offset, std::uint8_t size) const;
    std::uint32_t with_supported_power_state(std::uint16_t offset, std::uint8_t size,
                                             std::uint32_t value) const;
    void pass_write(std::uint16_t offset, std::uint8_t size, std::uint32_t value,
                    std::uint32_t passed, std::vector<Effect>& effects) const;
    std::uint32_t latched_bits(std::uint16_t offset, std::uint8_t size) const;
    void clear_latched(std::uint16_t offset, std::uint8_t size, std::uint32_t value);
    std::uint64_t bar_address(const function::BarPlan& bar) const;
    std::uint16_t pasid_control() const;

    const function::FunctionView* view_ = nullptr;
    const function::RegisterMap* map_ = nullptr;
    pci::ConfigImage bytes_;
    std::map<std::uint16_t, std::uint8_t> latched_;  ///< Bits by byte.
    GuestSwitches switches_;
};

}  // namespace tenon::model::running
