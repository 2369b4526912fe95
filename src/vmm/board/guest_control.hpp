// What can be done to a running guest as a whole.
#pragma once

#include <functional>

#include "base/result.hpp"
#include "vmm/board/machine_event.hpp"
#include "vmm/board/power.hpp"

namespace tenon::vmm::board {

/// A running guest, for who controls it. Every call may come from any thread but a vCPU's.
class GuestControl {
public:
    GuestControl() = default;
    GuestControl(const GuestControl&) = delete;
    GuestControl& operator=(const GuestControl&) = delete;
    virtual ~GuestControl() = default;

    /// Ends the guest soon, or starts it again if it may. The first reason counts, but a reset that
    /// starts the guest again gives way to any other. A guest that is paused ends as well; one that
    /// is reset stays paused.
    virtual void stop(MachineEnd why, EndCause cause) = 0;

    /// Takes every vCPU out of the guest and keeps it out; when it comes back, none runs. Devices
    /// go on: what they send arrives after resume(). Nothing if it is paused or has ended. Errors:
    /// Busy if a vCPU does not come out within ten seconds, which may be for what it asked the host
    /// for; the guest then runs on.
    virtual Result<void> pause() = 0;

    /// Lets the vCPUs run again. Nothing if it is not paused.
    virtual void resume() = 0;

    /// Whether pause() holds it.
    virtual bool paused() const = 0;

    /// Presses the ACPI power button; what it does is the guest's choice.
    /// Errors: errno of KVM_IRQ_LINE.
    virtual Result<void> press_power_button() = 0;

    /// Who is told of each event, from the thread that makes it happen. From any thread; nobody is
    /// in the listener before when it returns.
    virtual void on_event(std::function<void(const MachineEvent&)> listener) = 0;
};

}  // namespace tenon::vmm::board
