// The serial port of the board: the controller's registers, an output and an interrupt line.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "base/mutex.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/board/lock_order.hpp"
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

    std::uint64_t read(std::uint64_t offset, unsigned size) override TENON_EXCLUDES(mutex_);
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override
        TENON_EXCLUDES(mutex_);

    /// Hands `byte` to the guest as soon as it takes it. None is lost: whoever sends looks at
    /// is_full() first.
    void receive(std::uint8_t byte) TENON_EXCLUDES(mutex_);

    /// `ready` has another answer than before.
    void output_changed() TENON_EXCLUDES(mutex_);

    /// As after power-on; what waits for the guest goes on waiting.
    void reset() TENON_EXCLUDES(mutex_);

    /// Whether so much is waiting for the guest that it should rather not become more.
    bool is_full() TENON_EXCLUDES(mutex_);

private:
    void settle() TENON_REQUIRES(mutex_);

    const std::function<void(std::uint8_t)> send_;
    const std::function<void(bool)> line_;
    const std::function<bool()> ready_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(order::board) TENON_ACQUIRED_BEFORE(order::pins);
    Uart uart_ TENON_GUARDED_BY(mutex_);
    std::deque<std::uint8_t> waiting_ TENON_GUARDED_BY(mutex_);
    bool level_ TENON_GUARDED_BY(mutex_) = false;
};

}  // namespace tenon::vmm::board
