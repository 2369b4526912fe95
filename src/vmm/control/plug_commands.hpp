// The commands by which devices come and go: device_add, device_del, getfd and their like.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "vmm/control/qmp_session.hpp"
#include "vmm/slots/hot_plug.hpp"

namespace tenon::vmm::control {

/// What the commands need of HotPlug; see there.
struct Plugging {
    std::function<Result<slots::Plugged>(const slots::PlugRequest&)> add;
    std::function<Result<void>(const std::string& id)> remove;
    std::function<Result<void>(const std::string& id)> pull_out;
};

/// The words of a request in QEMU's arguments: `host` or `fd`, `bus`, `addr`, and keys of the
/// command line under their own names. `fd` is the number of the file that the client named.
/// Errors: Malformed, naming the argument.
Result<std::string> device_words(const nlohmann::json& arguments, std::optional<int> fd);

/// The commands, which work on `plugging`, that must outlive them.
std::vector<QmpCommand> make_plug_commands(const Plugging& plugging);

/// The same as an event of QMP, with the time of now.
QmpEvent event_of(const slots::PlugEvent& event);

}  // namespace tenon::vmm::control
