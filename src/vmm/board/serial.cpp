#include "vmm/board/serial.hpp"

namespace tenon::vmm::board {

std::uint64_t SerialPort::read(std::uint64_t offset, unsigned size) {
    const MutexLock lock{mutex_};
    std::uint64_t value = 0;
    for (unsigned byte = 0; byte < size; ++byte) {
        const auto index = static_cast<unsigned>((offset + byte) & 7);
        value |= std::uint64_t{uart_.read(index)} << (byte * 8);
    }
    settle();
    return value;
}

void SerialPort::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    MutexLock lock{mutex_};
    for (unsigned byte = 0; byte < size; ++byte) {
        const auto index = static_cast<unsigned>((offset + byte) & 7);
        const auto sent = uart_.write(index, static_cast<std::uint8_t>(value >> (byte * 8)));
        if (!sent) continue;
        // Other vCPUs use the port while this one waits for whoever reads.
        lock.unlock();
        send_(*sent);
        lock.lock();
    }
    settle();
}

void SerialPort::receive(std::uint8_t byte) {
    const MutexLock lock{mutex_};
    waiting_.push_back(byte);
    settle();
}

void SerialPort::output_changed() {
    const MutexLock lock{mutex_};
    settle();
}

void SerialPort::reset() {
    const MutexLock lock{mutex_};
    uart_ = Uart{};
    // With its pin down: the line may have been up, and its controller was reset as well.
    level_ = false;
    line_(false);
}

bool SerialPort::is_full() {
    constexpr std::size_t limit = 4096;
    const MutexLock lock{mutex_};
    return waiting_.size() >= limit;
}

void SerialPort::settle() {
    uart_.set_transmitter_ready(ready_());
    while (!waiting_.empty() && uart_.can_receive()) {
        uart_.receive(waiting_.front());
        waiting_.pop_front();
    }
    if (const bool level = uart_.interrupt(); level != level_) {
        level_ = level;
        line_(level);
    }
}

}  // namespace tenon::vmm::board
