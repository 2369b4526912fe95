// The slot of a root port while the guest runs: who may come and go, and how the guest is told.
//
// The registers are the port's own, in its ConfigState; this sets those that a guest only reads or
// clears. Native PCI Express hot-plug, with an attention button and a power indicator, without a
// power controller and without command completed. Source: PCIe Base Spec 6.0, 6.7.
#pragma once

#include <cstdint>
#include <vector>

#include "model/running/config_state.hpp"

namespace tenon::model::running {

/// What has to be done outside, in the order given.
enum class SlotAction {
    Interrupt,  ///< The port sends its interrupt.
    Release,    ///< The guest let go of what is in the slot: it is to be taken out.
};

/// How far a slot is in its guest's eyes.
enum class SlotPhase {
    Empty,
    Occupied,
    LeavingSoon,  ///< To be removed; the guest's driver does not take the button yet.
    Leaving,      ///< The button is pressed.
};

/// Run-time state of a slot. Not thread-safe.
class SlotState {
public:
    /// Works on the registers of `port`, which must outlive it. `hotplug`: the port has what it
    /// takes; without, nothing comes or goes.
    SlotState(ConfigState& port, bool hotplug);

    /// The functions of the slot have arrived and answer already: presence and link come up
    /// together, in one event. The registers have the values of the port's new plan.
    std::vector<SlotAction> arrive();

    /// Presses the attention button, now or as soon as the guest's driver takes it. Nothing while
    /// it is pressed already or nobody is there.
    std::vector<SlotAction> ask_to_leave();

    /// Nobody waits for the removal any more. The guest may still let go.
    void stop_asking();

    /// The functions are gone, let go by the guest or not: presence and link drop together. The
    /// registers have the values of the port's new plan.
    std::vector<SlotAction> depart();

    /// The guest has switched the link off or on, by the write that written() is then told of.
    void link_changed();

    /// The guest has written the port's registers.
    std::vector<SlotAction> written();

    /// The machine was reset; the registers are as the port's plan has them.
    void restart();

    SlotPhase phase() const { return phase_; }

private:
    std::vector<SlotAction> announce_change();
    void press();
    void interrupt(std::vector<SlotAction>& actions);

    ConfigState& port_;
    bool hotplug_;
    SlotPhase phase_ = SlotPhase::Empty;
    unsigned indicator_ = 0;  ///< Power Indicator Control, as last seen.
    bool notified_ = false;   ///< Whether an enabled event is pending, which is told once.
};

}  // namespace tenon::model::running
