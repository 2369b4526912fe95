// The registers with which the guest ends itself: sleep control and status, and reset.
#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include "vmm/board/bus.hpp"

namespace tenon::vmm::board {

/// How a machine came to its end without failing.
enum class MachineEnd {
    PoweredOff,   ///< The guest entered S5.
    Reset,        ///< The guest asked for a reset, and was not to be started again.
    Interrupted,  ///< A signal, or the user at the console, ended it.
};

/// Who made a machine end, or start again.
enum class EndCause {
    Guest,        ///< By its power or reset register.
    Crash,        ///< A processor of it cannot go on.
    HostSignal,   ///< A signal, or the user at the console.
    HostCommand,  ///< A command through the control socket.
    HostError,    ///< The host cannot give it what it needs.
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

/// Code in real mode for the reset vector, which writes the reset register of PowerRegisters at
/// `port`.
///
/// A kernel that finds no way to reset the machine jumps there, as to a PC's firmware: Linux with
/// CONFIG_EFI passes over the FADT's reset register on a hardware-reduced board, for want of EFI.
/// Source: machine_real_restart() and efi_reboot_required() of Linux, arch/x86.
std::array<std::byte, 9> code_at_reset(std::uint16_t port);

}  // namespace tenon::vmm::board
