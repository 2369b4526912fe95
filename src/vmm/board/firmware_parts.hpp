// What firmware for guests needs beside the rest of the board, and what a guest that it starts goes
// on using. The other parts are ConfigPorts and Cmos.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "vmm/board/bus.hpp"

namespace tenon::vmm::board {

/// The timer of ACPI, with 32 bits: it counts at 3.579545 MHz from the start.
/// Source: ACPI Specification 6.5, 4.8.3.3.
class PmTimer final : public BusDevice {
public:
    static constexpr std::uint64_t frequency = 3'579'545;  ///< Hz.

    /// `now` tells how long it has counted.
    explicit PmTimer(std::function<std::chrono::nanoseconds()> now) : now_{std::move(now)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) override {}

private:
    const std::function<std::chrono::nanoseconds()> now_;
};

/// The command port of a PC's keyboard controller, of which only the pulse on the reset line is
/// left. Its status says that it takes a command at once and has nothing to tell.
/// Source: edk2 OvmfPkg/Library/ResetSystemLib; IBM Personal Computer AT Technical Reference.
class ResetCommand final : public BusDevice {
public:
    static constexpr std::uint8_t pulse = 0xfe;

    /// `reset` is called from the vCPU thread that writes it.
    explicit ResetCommand(std::function<void()> reset) : reset_{std::move(reset)} {}

    std::uint64_t read(std::uint64_t /*offset*/, unsigned /*size*/) override { return 0; }
    void write(std::uint64_t /*offset*/, unsigned /*size*/, std::uint64_t value) override {
        if ((value & 0xff) == pulse) reset_();
    }

private:
    const std::function<void()> reset_;
};

}  // namespace tenon::vmm::board
