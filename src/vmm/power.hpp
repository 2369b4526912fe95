// The registers with which the guest ends itself: sleep control and status, and reset.
#pragma once

#include <functional>

#include "vmm/bus.hpp"

namespace tenon::vmm {

/// How a machine came to its end without failing.
enum class MachineEnd {
    PoweredOff,   ///< The guest entered S5.
    Reset,        ///< The guest asked for a reset, and was not to be started again.
    Interrupted,  ///< A signal, or the user at the console, ended it.
};

/// Bytes 0 sleep control, 1 sleep status, 2 reset.
/// Source: ACPI Specification 6.5, 4.8.3.7 (sleep control and status), 4.8.3.6 (reset).
class PowerRegisters final : public BusDevice {
public:
    /// The value of SLP_TYP that `\_S5` names for soft off.
    static constexpr std::uint8_t sleep_type_off = 5;
    /// What the FADT names as the value to write to the reset register.
    static constexpr std::uint8_t reset_value = 1;

    /// `ended` is called from the vCPU thread that wrote the register.
    explicit PowerRegisters(std::function<void(MachineEnd)> ended) : ended_{std::move(ended)} {}

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

private:
    std::function<void(MachineEnd)> ended_;
};

}  // namespace tenon::vmm
