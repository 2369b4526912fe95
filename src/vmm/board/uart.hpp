// A 16550A serial controller as a machine of registers, without anything attached to it.
//
// Bytes are sent the moment they are written: the transmitter is busy only while whoever takes them
// says so.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace tenon::vmm::board {

/// The registers of one controller. Not thread-safe.
/// Source: PC16550D data sheet (National Semiconductor, 1995), 8.0 Registers.
class Uart {
public:
    /// The guest reads register `index`, 0..7.
    std::uint8_t read(unsigned index);

    /// The guest writes register `index`, 0..7. What it sends, if this sends a byte, is the answer.
    std::optional<std::uint8_t> write(unsigned index, std::uint8_t value);

    /// Whether bytes that are sent are taken at once; if not, the guest finds the transmitter busy.
    /// One that it sends all the same is sent.
    void set_transmitter_ready(bool ready);

    /// Whether the receiver has room for a byte.
    bool can_receive() const;

    /// A byte arrives on the line. Without room it is lost and the overrun is reported.
    void receive(std::uint8_t byte);

    /// Level of the interrupt output.
    bool interrupt() const;

private:
    bool divisor_access() const;
    bool loopback() const;
    bool fifo_enabled() const;
    std::uint8_t interrupt_identification() const;
    std::uint8_t line_status() const;
    std::uint8_t modem_lines() const;
    void write_interrupt_enable(std::uint8_t value);
    void write_modem_control(std::uint8_t value);
    void write_fifo_control(std::uint8_t value);
    void accept(std::uint8_t byte);

    std::uint16_t divisor_ = 12;  // 9600 baud.
    std::uint8_t interrupt_enable_ = 0;
    std::uint8_t fifo_control_ = 0;
    std::uint8_t line_control_ = 0;
    std::uint8_t modem_control_ = 0;
    std::uint8_t modem_delta_ = 0;
    std::uint8_t scratch_ = 0;
    bool overrun_ = false;
    bool transmitter_ready_ = true;
    bool transmitter_empty_ = false;  ///< The interrupt for it is due.
    std::deque<std::uint8_t> received_;
};

}  // namespace tenon::vmm::board
