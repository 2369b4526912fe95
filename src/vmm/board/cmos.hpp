// The clock of a PC and the bytes beside it: two ports, an index and the register that it names.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/mutex.hpp"
#include "vmm/board/bus.hpp"
#include "vmm/board/lock_order.hpp"

namespace tenon::vmm::board {

/// Tells the time of the host in UTC, and by how much a guest has set it off. It counts hours to
/// 24, in BCD or binary as register B says, and interrupts nobody. Thread-safe. Source: Motorola
/// MC146818A data sheet; register 0x32 is the century, as the FADT says.
class Cmos final : public BusDevice {
public:
    using Time = std::chrono::sys_seconds;

    static constexpr std::uint8_t century = 0x32;

    static Time host_time();

    explicit Cmos(std::function<Time()> now = host_time) : now_{std::move(now)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override TENON_EXCLUDES(mutex_);
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override
        TENON_EXCLUDES(mutex_);

private:
    std::uint8_t read_register(std::uint8_t index) const TENON_REQUIRES(mutex_);
    void write_register(std::uint8_t index, std::uint8_t value) TENON_REQUIRES(mutex_);
    std::uint8_t clock_register(std::uint8_t index) const TENON_REQUIRES(mutex_);
    void hold_clock() TENON_REQUIRES(mutex_);
    void release_clock() TENON_REQUIRES(mutex_);
    std::uint8_t encode(unsigned value) const TENON_REQUIRES(mutex_);
    unsigned number(std::uint8_t index) const TENON_REQUIRES(mutex_);  ///< As it was written.

    const std::function<Time()> now_;
    Mutex mutex_ TENON_ACQUIRED_AFTER(order::board);
    std::uint8_t index_ TENON_GUARDED_BY(mutex_) = 0;
    std::uint8_t mode_ TENON_GUARDED_BY(mutex_) = 0x02;  ///< Register B.
    std::chrono::seconds offset_ TENON_GUARDED_BY(mutex_){0};
    /// The clock's registers while it is held to be set, else only what is no clock's.
    std::array<std::uint8_t, 128> bytes_ TENON_GUARDED_BY(mutex_){};
};

}  // namespace tenon::vmm::board
