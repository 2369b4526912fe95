// How functions are reset: each alone, or with others when the bus above them on the host is reset.
#pragma once

#include <span>
#include <vector>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "vmm/board/lock_order.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/slots/chassis.hpp"

namespace tenon::vmm::slots {

/// Resets functions of a chassis. Thread-safe, one reset at a time: who wants another one, or wants
/// to take a function away, waits for it, without any other lock. Nobody else does.
class Resets {
public:
    /// Both must outlive it.
    Resets(const Chassis& chassis, board::Warnings& warnings)
        : chassis_{chassis}, warnings_{warnings} {}

    /// Resets these functions, which are one guest's doing: each in its way, and all have the
    /// registers of a reset afterwards. Until then accesses to them wait. What fails is a warning.
    void reset(const Functions& functions) TENON_EXCLUDES(turn_);

    /// Resets the buses of those that are reset with theirs, each bus once. All are quiet:
    /// registers as after a reset, no interrupts, no DMA.
    ///
    /// A bus also has functions that are not in `functions`. If the guest uses none of them, the
    /// bus is reset: the kernel gives them their registers back, and who has not started a device
    /// has nothing to lose. If it uses one, the bus is left alone, with a warning: nobody loses a
    /// device because of a reset of another one. Errors: of the first bus that the kernel refused
    /// and that was asked for; a warning where it was our choice.
    Result<void> reset_buses(const Functions& functions) TENON_EXCLUDES(turn_);

    /// Returns when no reset goes on that began before: who has left the chassis is in none.
    void settle() TENON_EXCLUDES(turn_);

private:
    Result<void> reset_each_bus(const Functions& functions) TENON_REQUIRES(turn_);
    Result<void> reset_bus_of(assigned::AssignedFunction& function, const Functions& functions,
                              Functions& done) TENON_REQUIRES(turn_);

    const Chassis& chassis_;
    board::Warnings& warnings_;
    Mutex turn_ TENON_ACQUIRED_AFTER(board::order::reset)
        TENON_ACQUIRED_BEFORE(board::order::function);  ///< Of who resets, for as long as that
                                                        ///< takes: taken before any other lock.
};

}  // namespace tenon::vmm::slots
