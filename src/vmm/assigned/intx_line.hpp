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
// comes again. A driver that has nothing to do does not look: one that shares the pin and was asked
// on the way has found its work done before we raised it. So it ends after a while by itself. A
// second without interrupts, and the BARs are mapped again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_fd.hpp"
#include "device/control.hpp"
#include "model/function/intx_plan.hpp"
#include "vmm/assigned/bars.hpp"
#include "vmm/board/event_loop.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/kvm/pin_levels.hpp"
#include "vmm/kvm/vm.hpp"

namespace tenon::vmm::assigned {

/// Owns the events of a function's INTx. One caller at a time.
class IntxLine {
public:
    /// What it works on; all must outlive it. The callbacks come from the thread of `events`; they
    /// are to call arrived() and elapsed() with the caller's lock held.
    struct Outside {
        device::DeviceControl& device;
        kvm::Vm& vm;
        board::EventLoop& events;
        kvm::PinLevels& pins;
        Bars& bars;
        board::Warnings& warnings;
        board::EventLoop::Callback arrived;
        board::EventLoop::Callback elapsed;
    };

    /// `name` stands in warnings; `interrupt` is the pin of the IOAPIC, `host_line` what is known
    /// of the line on the host.
    IntxLine(std::string name, std::uint32_t interrupt, std::string host_line, Outside outside);

    /// As the actions of the same names; see model/running/interrupt_action.hpp.
    Result<void> attach(model::function::IntxDelivery delivery);
    Result<void> detach();
    Result<void> enable(model::function::IntxDelivery delivery);
    Result<void> disable();

    /// The event of a trapped INTx was signalled.
    void arrived();

    /// The guest had access to a BAR: the end of a trapped INTx.
    void accessed() {
        if (raised_) end();
    }

    /// The time that arrived() has set is over.
    void elapsed();

private:
    // What the timer waits for.
    enum class Awaited { Guest, Quiet };

    void end();
    void await(Awaited what);

    std::string name_;
    kvm::Gsi pin_;
    std::string host_line_;
    Outside outside_;
    std::optional<EventFd> event_;
    std::optional<EventFd> resample_;
    bool with_kvm_ = false;
    std::optional<board::EventLoop::Token> watched_;
    bool raised_ = false;
    bool enabled_ = false;
    Awaited awaited_ = Awaited::Quiet;
    board::EventTimer timer_;
};

}  // namespace tenon::vmm::assigned
