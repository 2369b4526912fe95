// The board's IOAPIC, where KVM has none: levels of pins in, messages out. Pure.
//
//   pins ──▶ redirection table ──▶ messages, in the format that each entry has
//                  ▲
//     ends of interrupts, by a processor or by the EOI register
//
// Source: Intel 82093AA data sheet, 3.0 to 3.2; version 0x20 with the EOI register: Intel ICH9 data
// sheet, 13.5.1.1 to 13.5.7; entries in the remappable format: Intel VT-d specification 4.1,
// 5.1.5.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/iommu/interrupt_entry.hpp"

namespace tenon::model::running {

/// What follows from a change, to be carried out in this order.
struct IoapicActions {
    /// A message of a pin.
    struct Send {
        std::uint8_t pin = 0;
        iommu::Message message;
        bool operator==(const Send&) const = default;
    };

    std::vector<std::uint8_t> changed;  ///< Pins whose entry may say another message now.
    std::vector<Send> sent;
    std::vector<std::uint8_t> ended;  ///< Pins whose level-triggered interrupt the guest has ended.

    bool operator==(const IoapicActions&) const = default;
};

/// The state machine. Not thread-safe.
class IoapicState {
public:
    static constexpr unsigned pins = 24;

    /// Offsets in its page.
    static constexpr std::uint64_t index_register = 0x00;
    static constexpr std::uint64_t data_register = 0x10;
    static constexpr std::uint64_t end_register = 0x40;

    IoapicState() { reset(); }

    /// Registers, 32 bits wide. What is nowhere reads 0 and takes nothing.
    std::uint32_t read(std::uint64_t offset) const;
    IoapicActions write(std::uint64_t offset, std::uint32_t value);

    /// Somebody holds the pin, or nobody any more. `pin` is below `pins`.
    IoapicActions set_pin(unsigned pin, bool up);

    /// The pin is up until the guest ends its interrupt, or until it is let go.
    IoapicActions raise_until_end(unsigned pin);
    IoapicActions let_go(unsigned pin);

    /// A processor has ended an interrupt of this vector.
    IoapicActions end(std::uint8_t vector);

    /// As after power-on: every entry masked. Who holds a pin goes on holding it.
    void reset();

    /// The message that the pin's entry says, of a level-triggered entry; none of an edge-triggered
    /// one, whose end nobody waits for.
    std::optional<iommu::Message> level_message(unsigned pin) const;

private:
    struct Pin {
        std::uint64_t entry = 0;
        bool held = false;
        bool until_end = false;
        bool up() const { return held || until_end; }
    };

    std::uint32_t read_data() const;
    void write_entry(Pin& pin, bool upper, std::uint32_t value);
    void change(unsigned pin, bool was_up, IoapicActions& actions);
    void serve(unsigned pin, IoapicActions& actions);
    void send(unsigned pin, IoapicActions& actions);

    std::array<Pin, pins> pins_{};
    std::uint8_t index_ = 0;
    std::uint8_t id_ = 0;
};

}  // namespace tenon::model::running
