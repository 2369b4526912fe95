#include "model/running/slot_state.hpp"

#include "model/slot/root_port.hpp"
#include "pci/express.hpp"

namespace tenon::model::running {
namespace {

constexpr unsigned indicator_off = 3;

pci::SlotControl control_of(const ConfigState& port) {
    return pci::SlotControl{port.bytes().read16(slot::port_register::slot_control)};
}

pci::SlotStatus status_of(const ConfigState& port) {
    return pci::SlotStatus{port.bytes().read16(slot::port_register::slot_status)};
}

bool link_is_active(const ConfigState& port) {
    return pci::LinkStatus{port.bytes().read16(slot::port_register::link_status)}
               .get<pci::DllActive>() != 0;
}

}  // namespace

SlotState::SlotState(ConfigState& port, bool hotplug) : port_{port}, hotplug_{hotplug} {
    restart();
}

void SlotState::restart() {
    phase_ = status_of(port_).get<pci::PresenceDetectState>() != 0 ? SlotPhase::Occupied
                                                                   : SlotPhase::Empty;
    indicator_ = control_of(port_).get<pci::PowerIndicatorControl>();
    notified_ = false;
}

std::vector<SlotAction> SlotState::arrive() {
    phase_ = SlotPhase::Occupied;
    return announce_change();
}

std::vector<SlotAction> SlotState::depart() {
    phase_ = SlotPhase::Empty;
    return announce_change();
}

std::vector<SlotAction> SlotState::announce_change() {
    indicator_ = control_of(port_).get<pci::PowerIndicatorControl>();
    std::vector<SlotAction> actions;
    if (!hotplug_) return actions;
    constexpr auto changed = pci::PresenceDetectChanged::mask | pci::DllStateChanged::mask;
    // A button that was pressed for those who are gone means nothing for those to come.
    port_.set(slot::port_register::slot_status, changed | pci::AttentionButtonPressed::mask,
              changed);
    interrupt(actions);
    return actions;
}

std::vector<SlotAction> SlotState::ask_to_leave() {
    std::vector<SlotAction> actions;
    if (!hotplug_ || phase_ != SlotPhase::Occupied) return actions;
    phase_ = SlotPhase::LeavingSoon;
    press();
    interrupt(actions);
    return actions;
}

void SlotState::stop_asking() {
    if (phase_ == SlotPhase::LeavingSoon || phase_ == SlotPhase::Leaving)
        phase_ = SlotPhase::Occupied;
}

// A driver that starts clears what it finds: a button that was pressed before would be lost.
void SlotState::press() {
    const auto control = control_of(port_);
    if (control.get<pci::AttentionButtonPressedEnable>() == 0 ||
        control.get<pci::HotPlugInterruptEnable>() == 0)
        return;
    constexpr auto pressed = pci::AttentionButtonPressed::mask;
    port_.set(slot::port_register::slot_status, pressed, pressed);
    phase_ = SlotPhase::Leaving;
}

void SlotState::link_changed() {
    constexpr auto changed = pci::DllStateChanged::mask;
    if (hotplug_) port_.set(slot::port_register::slot_status, changed, changed);
}

std::vector<SlotAction> SlotState::written() {
    std::vector<SlotAction> actions;
    if (!hotplug_) return actions;
    const auto indicator = control_of(port_).get<pci::PowerIndicatorControl>();
    const bool went_off = indicator == indicator_off && indicator_ != indicator_off;
    indicator_ = indicator;
    if (phase_ == SlotPhase::LeavingSoon) press();
    // Who disabled the link finds nobody and gives the slot up, without letting go of anything.
    const bool lets_go = phase_ != SlotPhase::Occupied || link_is_active(port_);
    if (went_off && phase_ != SlotPhase::Empty && lets_go) actions.push_back(SlotAction::Release);
    interrupt(actions);
    return actions;
}

// Sent when the first enabled event comes, and not again before all are cleared.
// Source: PCIe Base Spec 6.0, 6.7.3.4.
void SlotState::interrupt(std::vector<SlotAction>& actions) {
    const auto control = control_of(port_);
    const auto status = status_of(port_);
    const auto both = [&](auto enabled, auto happened) { return enabled != 0 && happened != 0; };
    const bool event =
        both(control.get<pci::AttentionButtonPressedEnable>(),
             status.get<pci::AttentionButtonPressed>()) ||
        both(control.get<pci::PresenceDetectChangedEnable>(),
             status.get<pci::PresenceDetectChanged>()) ||
        both(control.get<pci::DllStateChangedEnable>(), status.get<pci::DllStateChanged>());
    const bool pending = event && control.get<pci::HotPlugInterruptEnable>() != 0;
    if (pending && !notified_) actions.push_back(SlotAction::Interrupt);
    notified_ = pending;
}

}  // namespace tenon::model::running
