// How assigned functions are reset: each alone, or with others when the bus above them on the host
// is reset.
#pragma once

#include <mutex>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "vmm/board/warnings.hpp"

namespace tenon::vmm::assigned {

class AssignedFunction;

/// Knows all functions of a machine. Thread-safe; no lock of a function may be held.
class Resets {
public:
    /// `warnings` must outlive it.
    explicit Resets(board::Warnings& warnings) : warnings_{warnings} {}

    /// A function is there from now on, or no more; it waits for a reset that is under way.
    void add(AssignedFunction& function);
    void remove(AssignedFunction& function);

    /// Resets these functions, which are one guest's doing: each in its way, and all have the
    /// registers of a reset afterwards. What fails is a warning.
    void reset(std::span<AssignedFunction* const> functions);

    /// Resets the buses of those that are reset with theirs, each bus once. All are quiet:
    /// registers as after a reset, no interrupts, no DMA.
    ///
    /// A bus also has functions that are not in `functions`. If the guest uses none of them, the
    /// bus is reset: the kernel gives them their registers back, and who has not started a device
    /// has nothing to lose. If it uses one, the bus is left alone, with a warning: nobody loses a
    /// device because of a reset of another one. Errors: of the first bus that the kernel refused
    /// and that was asked for; a warning where it was our choice.
    Result<void> reset_buses(std::span<AssignedFunction* const> functions);

private:
    Result<void> reset_bus_of(AssignedFunction& function,
                              std::span<AssignedFunction* const> functions,
                              std::vector<AssignedFunction*>& done);

    board::Warnings& warnings_;
    std::mutex mutex_;  ///< Guards what follows, and is held while buses are reset.
    std::vector<AssignedFunction*> all_;
};

}  // namespace tenon::vmm::assigned
