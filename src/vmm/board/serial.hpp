// The serial port of the board: the controller's registers, an output and an interrupt line.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "vmm/board/bus.hpp"
#include "vmm/board/uart.hpp"

namespace tenon::vmm::board {

/// One serial port on a bus. Thread-safe.
class SerialPort final : public BusDevice {
public:
    /// `send` takes each byte that the guest sends; `line` sets the interrupt's level when it
    /// changes. Both are called under the port's lock.
    SerialPort(std::function<void(std::uint8_t)> send, std::function<void(bool)> line)
        : send_{std::move(send)}, line_{std::move(line)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    /// Hands `byte` to the guest as soon as it takes it. None is lost: whoever sends looks at
    /// is_full() first.
    void receive(std::uint8_t byte);

    /// As after power-on; what waits for the guest goes on waiting.
    void reset();

    /// Whether so much is waiting for the guest that it should rather not become more.
    bool is_full();

private:
    void settle();

    std::mutex mutex_;
    Uart uart_;
    std::deque<std::uint8_t> waiting_;
    bool level_ = false;
    std::function<void(std::uint8_t)> send_;
    std::function<void(bool)> line_;
};

}  // namespace tenon::vmm::board
