// INTx of one assigned function on the host: carries out what model::IntxState decides.
//
//   Irqfd     device ─▶ VFIO masks it ─▶ event ─▶ KVM raises the pin ─▶ guest ends the interrupt
//                ▲                                                          │
//                └── VFIO unmasks it ◀── event ◀── KVM lowers the pin ◀─────┘
//
//   Trapped   device ─▶ VFIO masks it ─▶ event ─▶ we raise the pin and trap the BARs
//                ▲                                                          │
//                └── unmask ◀── we lower the pin ◀── the guest's next access to a BAR
//
// In the second way a driver that looks at its device ends the interrupt; what is still raised then
// comes again. A second without interrupts, and the BARs are mapped again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_fd.hpp"
#include "device/control.hpp"
#include "model/intx_plan.hpp"
#include "vmm/assigned/bars.hpp"
#include "vmm/assigned/warnings.hpp"
#include "vmm/event_loop.hpp"
#include "vmm/pin_levels.hpp"
#include "vmm/vm.hpp"

namespace tenon::vmm {

/// Owns the events of a function's INTx. One caller at a time.
class IntxLine {
public:
    /// What it works on; all must outlive it. The callbacks come from the thread of `events`; they
    /// are to call arrived() and idle() with the caller's lock held.
    struct Outside {
        device::DeviceControl& device;
        Vm& vm;
        EventLoop& events;
        PinLevels& pins;
        Bars& bars;
        Warnings& warnings;
        EventLoop::Callback arrived;
        EventLoop::Callback idle;
    };

    /// `name` stands in warnings; `interrupt` is the pin of the IOAPIC.
    IntxLine(std::string name, std::uint32_t interrupt, Outside outside);

    /// As the actions of the same names; see model/interrupt_action.hpp.
    Result<void> attach(model::IntxDelivery delivery);
    Result<void> detach();
    Result<void> enable(model::IntxDelivery delivery);
    Result<void> disable();

    /// The event of a trapped INTx was signalled.
    void arrived();

    /// The guest had access to a BAR: the end of a trapped INTx.
    void accessed() {
        if (raised_) end();
    }

    /// No interrupt came for a while.
    void idle();

private:
    void end();

    std::string name_;
    Gsi pin_;
    Outside outside_;
    std::optional<EventFd> event_;
    std::optional<EventFd> resample_;
    bool with_kvm_ = false;
    std::optional<EventLoop::Token> watched_;
    bool raised_ = false;
    bool enabled_ = false;
    EventTimer timer_;
};

}  // namespace tenon::vmm
