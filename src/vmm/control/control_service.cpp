#include "vmm/control/control_service.hpp"

#include <string>
#include <utility>

#include "vmm/control/commands.hpp"

namespace tenon::vmm::control {

ControlService::ControlService(board::GuestControl& guest, board::Warnings& warnings,
                               board::TranslationListener& translation, slots::HotPlug& hot_plug)
    : guest_{guest},
      warnings_{warnings},
      translation_{translation},
      hot_plug_{hot_plug},
      plugging_{.add = [&hot_plug](const auto& request) { return hot_plug.add(request); },
                .remove = [&hot_plug](const auto& id) { return hot_plug.remove(id); },
                .pull_out = [&hot_plug](const auto& id) { return hot_plug.pull_out(id); }} {}

ControlService::~ControlService() {
    warnings_.listen({});
    translation_.set({});
    hot_plug_.listen({});
    guest_.on_event({});
    socket_.reset();  // Nobody announces any more.
}

Result<void> ControlService::serve(ControlSocket::Listener listener, const QmpVersion& version,
                                   std::function<nlohmann::json()> pci) {
    TENON_TRY(made,
              ControlSocket::create(
                  std::move(listener), version,
                  [&warnings = warnings_](const std::string& text) { warnings.once(text); }),
              "");
    socket_ = std::move(made);
    const auto announce = [&socket = *socket_](const auto& event) {
        socket.announce(event_of(event));
    };
    guest_.on_event(announce);
    warnings_.listen(announce);
    translation_.set(announce);
    hot_plug_.listen(announce);
    socket_->serve(make_commands({.guest = guest_,
                                  .version = version,
                                  .pci = std::move(pci),
                                  .more = make_plug_commands(plugging_)}));
    return {};
}

}  // namespace tenon::vmm::control
