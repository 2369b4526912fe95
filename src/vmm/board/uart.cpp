#include "vmm/board/uart.hpp"

#include <array>
#include <cstddef>

namespace tenon::vmm::board {
namespace {

// Interrupt Enable.
constexpr std::uint8_t enable_received = 0x01;
constexpr std::uint8_t enable_transmitter = 0x02;
constexpr std::uint8_t enable_line_status = 0x04;
constexpr std::uint8_t enable_modem_status = 0x08;
// Interrupt Identification.
constexpr std::uint8_t none_pending = 0x01;
constexpr std::uint8_t modem_status_pending = 0x00;
constexpr std::uint8_t transmitter_pending = 0x02;
constexpr std::uint8_t received_pending = 0x04;
constexpr std::uint8_t line_status_pending = 0x06;
constexpr std::uint8_t timeout_pending = 0x0c;
constexpr std::uint8_t fifos_enabled = 0xc0;
// FIFO Control.
constexpr std::uint8_t fifo_enable = 0x01;
constexpr std::uint8_t fifo_clear_received = 0x02;
// Line Control and Modem Control.
constexpr std::uint8_t divisor_latch = 0x80;
constexpr std::uint8_t modem_out2 = 0x08;
constexpr std::uint8_t modem_loop = 0x10;
// Line Status.
constexpr std::uint8_t data_ready = 0x01;
constexpr std::uint8_t overrun_error = 0x02;
constexpr std::uint8_t transmitter_idle = 0x60;
// Modem Status: what a peer that is always there holds up.
constexpr std::uint8_t carrier_ready_clear = 0xb0;
constexpr std::uint8_t ring = 0x40;

constexpr std::size_t fifo_size = 16;

}  // namespace

bool Uart::divisor_access() const { return (line_control_ & divisor_latch) != 0; }
bool Uart::loopback() const { return (modem_control_ & modem_loop) != 0; }
bool Uart::fifo_enabled() const { return (fifo_control_ & fifo_enable) != 0; }

std::uint8_t Uart::read(unsigned index) {
    switch (index) {
        case 0: {
            if (divisor_access()) return static_cast<std::uint8_t>(divisor_);
            if (received_.empty()) return 0;
            const auto byte = received_.front();
            received_.pop_front();
            return byte;
        }
        case 1:
            return divisor_access() ? static_cast<std::uint8_t>(divisor_ >> 8) : interrupt_enable_;
        case 2: {
            const auto pending = interrupt_identification();
            if (pending == transmitter_pending) transmitter_empty_ = false;
            return static_cast<std::uint8_t>(pending | (fifo_enabled() ? fifos_enabled : 0));
        }
        case 3:
            return line_control_;
        case 4:
            return modem_control_;
        case 5: {
            const auto status = line_status();
            overrun_ = false;
            return status;
        }
        case 6: {
            const auto status = static_cast<std::uint8_t>(modem_lines() | modem_delta_);
            modem_delta_ = 0;
            return status;
        }
        default:
            return scratch_;
    }
}

std::optional<std::uint8_t> Uart::write(unsigned index, std::uint8_t value) {
    switch (index) {
        case 0:
            if (divisor_access()) {
                divisor_ = static_cast<std::uint16_t>((divisor_ & 0xff00) | value);
                return std::nullopt;
            }
            transmitter_empty_ = transmitter_ready_;
            if (!loopback()) return value;
            accept(value);
            return std::nullopt;
        case 1:
            write_interrupt_enable(value);
            return std::nullopt;
        case 2:
            write_fifo_control(value);
            return std::nullopt;
        case 3:
            line_control_ = value;
            return std::nullopt;
        case 4:
            write_modem_control(value);
            return std::nullopt;
        case 7:
            scratch_ = value;
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

void Uart::write_interrupt_enable(std::uint8_t value) {
    if (divisor_access()) {
        divisor_ = static_cast<std::uint16_t>((divisor_ & 0xff) | value << 8);
        return;
    }
    // Enabling the interrupt of an empty transmitter raises it: Linux tests for exactly this.
    if ((value & ~interrupt_enable_ & enable_transmitter) != 0)
        transmitter_empty_ = transmitter_ready_;
    interrupt_enable_ = value & 0x0f;
}

void Uart::write_fifo_control(std::uint8_t value) {
    const bool changed = ((value ^ fifo_control_) & fifo_enable) != 0;
    if (changed || (value & fifo_clear_received) != 0) received_.clear();
    fifo_control_ = value;
}

void Uart::write_modem_control(std::uint8_t value) {
    const auto before = modem_lines();
    modem_control_ = value & 0x1f;
    const auto after = modem_lines();
    const auto changed = static_cast<std::uint8_t>(before ^ after);
    // Ring counts at its end alone; the other three lines at each change.
    const auto counted = static_cast<std::uint8_t>((changed & ~ring) | (changed & before & ring));
    modem_delta_ = static_cast<std::uint8_t>(modem_delta_ | counted >> 4);
}

std::uint8_t Uart::modem_lines() const {
    if (!loopback()) return carrier_ready_clear;
    // Looped back: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD.
    const unsigned control = modem_control_;
    return static_cast<std::uint8_t>((control & 0x02) << 3 | (control & 0x01) << 5 |
                                     (control & 0x04) << 4 | (control & 0x08) << 4);
}

std::uint8_t Uart::line_status() const {
    return static_cast<std::uint8_t>((transmitter_ready_ ? transmitter_idle : 0) |
                                     (received_.empty() ? 0 : data_ready) |
                                     (overrun_ ? overrun_error : 0));
}

std::uint8_t Uart::interrupt_identification() const {
    constexpr std::array<std::size_t, 4> trigger_levels{1, 4, 8, 14};
    const auto enabled = [this](std::uint8_t bit) { return (interrupt_enable_ & bit) != 0; };
    if (overrun_ && enabled(enable_line_status)) return line_status_pending;
    if (!received_.empty() && enabled(enable_received)) {
        const auto level = trigger_levels[static_cast<std::size_t>(fifo_control_ >> 6)];
        return fifo_enabled() && received_.size() < level ? timeout_pending : received_pending;
    }
    if (transmitter_empty_ && enabled(enable_transmitter)) return transmitter_pending;
    if (modem_delta_ != 0 && enabled(enable_modem_status)) return modem_status_pending;
    return none_pending;
}

void Uart::set_transmitter_ready(bool ready) {
    if (ready != transmitter_ready_) transmitter_empty_ = ready;
    transmitter_ready_ = ready;
}

bool Uart::can_receive() const {
    return !loopback() && received_.size() < (fifo_enabled() ? fifo_size : 1);
}

void Uart::receive(std::uint8_t byte) {
    // In loopback the input pin is disconnected.
    if (!loopback()) accept(byte);
}

void Uart::accept(std::uint8_t byte) {
    if (received_.size() < (fifo_enabled() ? fifo_size : 1))
        received_.push_back(byte);
    else
        overrun_ = true;
}

bool Uart::interrupt() const {
    // OUT2 connects the interrupt to the bus on a PC; loopback forces it off.
    const bool connected = (modem_control_ & modem_out2) != 0 && !loopback();
    return connected && interrupt_identification() != none_pending;
}

}  // namespace tenon::vmm::board
