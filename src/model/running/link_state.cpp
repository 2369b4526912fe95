#include "model/running/link_state.hpp"

#include "model/slot/root_port.hpp"
#include "pci/express.hpp"
#include "pci/header.hpp"

namespace tenon::model::running {
namespace {

bool disabled(const ConfigState& port) {
    return pci::LinkControl{port.bytes().read16(slot::port_register::link_control)}
               .get<pci::LinkDisable>() != 0;
}

bool held_in_reset(const ConfigState& port) {
    const pci::BridgeControl control{port.bytes().read16(pci::header::bridge_control)};
    return control.get<pci::SecondaryBusReset>() != 0;
}

bool occupied(const ConfigState& port) {
    const pci::SlotStatus status{port.bytes().read16(slot::port_register::slot_status)};
    return status.get<pci::PresenceDetectState>() != 0;
}

}  // namespace

LinkChange LinkState::written() {
    const bool was_down = down_;
    down_ = disabled(port_) || held_in_reset(port_);
    return {.reset = down_ && !was_down, .active_changed = show_active()};
}

void LinkState::followed() {
    // Whoever changed the plan tells the guest of it.
    [[maybe_unused]] const auto told = show_active();
}

// A reset of the bus leaves the bit alone: the link is back before a guest could look, and one that
// follows the link's changes would take this for a removal.
bool LinkState::show_active() {
    const bool active = occupied(port_) && !disabled(port_);
    const pci::LinkStatus shown{port_.bytes().read16(slot::port_register::link_status)};
    if ((shown.get<pci::DllActive>() != 0) == active) return false;
    port_.set(slot::port_register::link_status, pci::DllActive::mask,
              active ? pci::DllActive::mask : 0);
    return true;
}

}  // namespace tenon::model::running
