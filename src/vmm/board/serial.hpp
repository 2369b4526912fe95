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
    /// `send` takes each byte that the guest sends, without the port's lock: it may take its time,
    /// and so may the vCPU. `line` sets the interrupt's level when it changes; `ready` says whether
    /// `send` would take more at once, which the guest sees. Both are called under the port's lock.
    SerialPort(
        std::function<void(std::uint8_t)> send, std::function<void(bool)> line,
        std::function<bool()> ready = [] { return true; })
        : send_{std::move(send)}, line_{std::move(line)}, ready_{std::move(ready)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    /// Hands `byte` to the guest as soon as it takes it. None is lost: whoever sends looks at
    /// is_full() first.
    void receive(std::uint8_t byte);

    /// `ready` has another answer than before.
    void output_changed();

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
    std::function<bool()> ready_;
};

}  // namespace tenon::vmm::board
