// What clients of the control socket reach: the machine, its devices, what happens to both.
#pragma once

#include <functional>
#include <memory>

#include "base/result.hpp"
#include "vmm/board/guest_control.hpp"
#include "vmm/board/translation_switch.hpp"
#include "vmm/board/warnings.hpp"
#include "vmm/control/control_socket.hpp"
#include "vmm/control/plug_commands.hpp"
#include "vmm/slots/hot_plug.hpp"

namespace tenon::vmm::control {

/// Serves the clients of one control socket, until it goes. What it is made of must outlive
/// it.
class ControlService {
public:
    ControlService(board::GuestControl& guest, board::Warnings& warnings,
                   board::TranslationListener& translation, slots::HotPlug& hot_plug);
    ControlService(const ControlService&) = delete;
    ControlService& operator=(const ControlService&) = delete;
    ~ControlService();

    /// Serves from now on. `pci` answers `query-pci`. Once.
    /// Errors: those of ControlSocket::create().
    Result<void> serve(ControlSocket::Listener listener, const QmpVersion& version,
                       std::function<nlohmann::json()> pci);

private:
    board::GuestControl& guest_;
    board::Warnings& warnings_;
    board::TranslationListener& translation_;
    slots::HotPlug& hot_plug_;
    Plugging plugging_;
    std::unique_ptr<ControlSocket> socket_;
};

}  // namespace tenon::vmm::control
