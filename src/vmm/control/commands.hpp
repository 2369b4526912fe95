// The commands that a control client may give, and the events that it is told.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "vmm/board/guest_control.hpp"
#include "vmm/board/machine_event.hpp"
#include "vmm/board/translation_switch.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/control/qmp_session.hpp"

namespace tenon::vmm::control {

/// What the commands work on; all must outlive them.
struct Controlled {
    board::GuestControl& guest;
    const QmpVersion& version;
    /// The answer of `query-pci`.
    std::function<nlohmann::json()> pci;
    /// More commands, listed before `query-commands`.
    std::vector<QmpCommand> more = {};
};

/// Every command, in the order in which `query-commands` lists them.
std::vector<QmpCommand> make_commands(const Controlled& controlled);

/// An event of QMP with the time of now.
QmpEvent make_event(std::string name, nlohmann::json data = nullptr);

/// The same as an event of QMP, with the time of now.
QmpEvent event_of(const board::MachineEvent& event);
QmpEvent event_of(const board::DeviceEvent& event);
QmpEvent event_of(const board::TranslationSwitch& event);

}  // namespace tenon::vmm::control
